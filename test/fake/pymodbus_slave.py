"""A Modbus slave of pymodbus: `pymodbus_slave.py tcp PORT JSON` or `rtu DEVICE JSON`.

JSON: {"floats": {register: value}, "meter": unit, "relays": unit, "coils": count}. Registers hold IEEE 754 floats, high word first.
Or {"units": [{"unit": unit, "function": 3 or 4, "words": {address: word}}]}; what is not in words answers exception 2.
Or {"units": [{"unit": unit, "holding": {address: word}, "input": {...}, "coils": {address: true}}]}: each may be absent, and
holding registers and coils can be written.
"""
import asyncio
import json
import struct
import sys

from pymodbus.datastore import (
    ModbusSequentialDataBlock,
    ModbusServerContext,
    ModbusSlaveContext,
    ModbusSparseDataBlock,
)
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer

kind, place, text = sys.argv[1:4]
options = json.loads(text)


def house():
    words = [0] * 0x166
    for register, value in options["floats"].items():
        words[int(register) : int(register) + 2] = struct.unpack(">HH", struct.pack(">f", value))
    meter = ModbusSlaveContext(ir=ModbusSequentialDataBlock(0, words), zero_mode=True)
    relays = ModbusSlaveContext(co=ModbusSequentialDataBlock(0, [False] * options["coils"]), zero_mode=True)
    return {options["meter"]: meter, options["relays"]: relays}


def device(one):
    if "function" in one:
        held = {"hr" if one["function"] == 3 else "ir": one["words"]}
    else:
        names = {"holding": "hr", "input": "ir", "coils": "co"}
        held = {short: one[name] for name, short in names.items() if one.get(name)}
    blocks = {
        short: ModbusSparseDataBlock({int(address): value for address, value in values.items()})
        for short, values in held.items()
    }
    return ModbusSlaveContext(**blocks, zero_mode=True)


slaves = {one["unit"]: device(one) for one in options["units"]} if "units" in options else house()
context = ModbusServerContext(slaves=slaves, single=False)


async def serve():
    if kind == "tcp":
        await StartAsyncTcpServer(context=context, address=("127.0.0.1", int(place)))
    else:
        await StartAsyncSerialServer(context=context, framer=ModbusRtuFramer, port=place, baudrate=9600)


asyncio.run(serve())
