"""A Modbus slave of pymodbus: `pymodbus_slave.py tcp PORT JSON` or `rtu DEVICE JSON`.

JSON: {"floats": {register: value}, "meter": unit, "relays": unit, "coils": count}. Registers hold IEEE 754 floats, high word first.
"""
import asyncio
import json
import struct
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer

kind, place, text = sys.argv[1:4]
options = json.loads(text)
words = [0] * 0x166
for register, value in options["floats"].items():
    words[int(register) : int(register) + 2] = struct.unpack(">HH", struct.pack(">f", value))
meter = ModbusSlaveContext(ir=ModbusSequentialDataBlock(0, words), zero_mode=True)
relays = ModbusSlaveContext(co=ModbusSequentialDataBlock(0, [False] * options["coils"]), zero_mode=True)
context = ModbusServerContext(slaves={options["meter"]: meter, options["relays"]: relays}, single=False)


async def serve():
    if kind == "tcp":
        await StartAsyncTcpServer(context=context, address=("127.0.0.1", int(place)))
    else:
        await StartAsyncSerialServer(context=context, framer=ModbusRtuFramer, port=place, baudrate=9600)


asyncio.run(serve())
