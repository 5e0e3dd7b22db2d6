import { contacts, type House } from "../house/house.ts";
import { shownWh } from "../house/energy-counters.ts";
import { sunspecInverter } from "./sunspec-inverter.ts";
import { sunspecStorage } from "./sunspec-storage.ts";
import { ModbusRefusal, type ModbusUnit, type ModbusTcpServer, startModbusTcpServer } from "./modbus-tcp-server.ts";

/** Unit of the three-phase sub-meter on the heat pump, with the registers of an Eastron SDM630. */
export const subMeterUnit = 2;
/** Unit of the relay board: coil 0 boiler, 1 ev, 2 heat pump; on is a closed contact. */
export const relayUnit = 10;
/** Unit of the inverter of the solar panels, a SunSpec device. */
export const inverterUnit = 3;

/** Unit of the inverter of the battery, a SunSpec device; there where the house has one. */
export const batteryUnit = 4;

/** A house's sub-meter, inverters and relay board on one Modbus TCP port. */
export interface ModbusHouse extends ModbusTcpServer {
  /** Commands to coils so far, also those that changed nothing. */
  writes(): number;
}

/**
 * The Modbus side of a house.
 * @param options.catchUp called before each request, so that the house is at the present
 * @param options.switched called after a contact has changed
 */
export async function startModbusHouse(options: {
  house: House;
  port: number;
  catchUp: () => void;
  switched?: () => void;
}): Promise<ModbusHouse> {
  const { house, catchUp } = options;
  let writes = 0;
  const contactAt = (coil: number) => {
    const contact = contacts[coil];
    if (contact === undefined) throw new ModbusRefusal(2);
    return contact;
  };
  const server = await startModbusTcpServer(
    options.port,
    new Map<number, ModbusUnit>([
      [
        subMeterUnit,
        {
          readInputs(address: number, count: number) {
            if (address + count > registerCount) throw new ModbusRefusal(2);
            catchUp();
            return subMeter(house).subarray(address * 2, (address + count) * 2);
          },
        },
      ],
      [inverterUnit, sunspecInverter(house, `SIMPV${house.state.seed}`, catchUp)],
      ...(house.state.battery
        ? [[batteryUnit, sunspecStorage(house, `SIMBAT${house.state.seed}`, catchUp)] as [number, ModbusUnit]]
        : []),
      [
        relayUnit,
        {
          readCoils(address: number, count: number) {
            catchUp();
            return Array.from({ length: count }, (_, at) => house.state.closed[contactAt(address + at)]);
          },
          writeCoil(address: number, on: boolean) {
            const contact = contactAt(address);
            catchUp();
            writes++;
            if (house.state.closed[contact] === on) return;
            house.set(contact, on);
            options.switched?.();
          },
        },
      ],
    ]),
  );
  return { ...server, writes: () => writes };
}

/** Voltage that the sub-meter shows on each phase. */
const phaseV = 230.5;
/** Registers that the sub-meter has: up to the phases' counters at 0x164. */
const registerCount = 0x166;

/** All registers of the sub-meter as bytes: IEEE 754 float, high word first. */
function subMeter(house: House): Buffer {
  const block = Buffer.alloc(registerCount * 2);
  const write = (register: number, value: number): void => void block.writeFloatBE(value, register * 2);
  const powerW = house.power().heatpump;
  for (const offset of [0, 2, 4]) {
    write(0x00 + offset, phaseV);
    write(0x06 + offset, powerW / 3 / phaseV);
    write(0x0c + offset, powerW / 3);
  }
  write(0x34, powerW);
  const frequencyHz = 50;
  write(0x46, frequencyHz);
  const [low, normal] = house.state.pump.importJ;
  write(0x48, shownWh(low + normal) / 1000);
  return block;
}
