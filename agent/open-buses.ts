import { AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { ByteBus, SerialSettings } from "../drivers/bus/byte-bus.ts";
import { httpBusOf } from "../drivers/bus/http-bus.ts";
import type { ModbusBus } from "../drivers/bus/modbus-bus.ts";
import { modbusSerialBus } from "../drivers/bus/modbus-serial-bus.ts";
import { brokerAccessOf, mqttBus } from "../drivers/bus/mqtt-bus.ts";
import { serialBus } from "../drivers/bus/serial-bus.ts";
import { tcpBus } from "../drivers/bus/tcp-bus.ts";
import type { Buses } from "../drivers/registry.ts";
import type { AgentConfig, BusConfig } from "./config/agent-config.ts";

/** All lines of the configuration, each opened once by the first that asks for it and shared by the rest. */
export interface BusSet {
  bus<Kind extends keyof Buses>(name: string, kind: Kind): Buses[Kind];
  close(): Promise<void>;
}

type Line = Exclude<Buses[keyof Buses], null>;
/** Lines that carry bytes. */
type ByteLineConfig = Exclude<BusConfig, { type: "http" | "mqtt" }>;

/** @throws AppError bus-unknown, bus-wrong-kind at the first use of a bus */
export function openBuses(configs: AgentConfig["buses"], clock: Clock): BusSet {
  const open = new Map<string, Line>();
  const make = (name: string, kind: keyof Buses): Line => {
    const config = configs.get(name);
    if (!config) throw new AppError("bus-unknown", `no bus called "${name}"; add it under buses`);
    if (config.type === "http" && kind === "http") return httpBusOf(config);
    if (config.type === "mqtt" && kind === "mqtt") {
      const { timeout_ms: timeoutMs } = config;
      return mqttBus({ access: brokerAccessOf(config), clock, timeoutMs });
    }
    if (config.type === "http" || config.type === "mqtt" || kind === "http" || kind === "mqtt")
      throw new AppError("bus-wrong-kind", `bus "${name}" is ${config.type}; ${kind} was expected`);
    return kind === "bytes" ? bytes(name, config) : modbus(config);
  };
  return {
    bus<Kind extends keyof Buses>(name: string, kind: Kind) {
      const key = `${kind} ${name}`;
      const found = open.get(key) ?? make(name, kind);
      open.set(key, found);
      return found as Buses[Kind];
    },
    async close() {
      await Promise.all([...open.values()].map((bus) => bus.close()));
    },
  };
}

/** RS-485 devices mostly come with this. */
const modbusSerialDefaults: SerialSettings = { baud: 9600, dataBits: 8, parity: "none", stopBits: 1 };

function bytes(name: string, config: ByteLineConfig): ByteBus {
  if (config.type === "modbus_tcp")
    throw new AppError("bus-wrong-kind", `bus "${name}" is modbus_tcp and carries no byte stream`);
  if (config.type === "tcp") return tcpBus({ host: config.host, port: config.port });
  const { type: _, port, ...settings } = config;
  const bus = serialBus({ path: port });
  // What the installer wrote at the bus wins over what the driver would choose.
  return {
    ...bus,
    fixedSpeed: settings.baud !== undefined,
    open: (chosen, listener) => bus.open({ ...chosen, ...settings }, listener),
    configure: (chosen) => bus.configure({ ...chosen, ...settings }),
  };
}

function modbus(config: ByteLineConfig): ModbusBus {
  if (config.type === "tcp") return modbusSerialBus({ kind: "rtu-over-tcp", host: config.host, port: config.port });
  if (config.type === "modbus_tcp") return modbusSerialBus({ kind: "tcp", host: config.host, port: config.port });
  const { type: _, port, ...settings } = config;
  return modbusSerialBus({ kind: "serial", path: port, settings: { ...modbusSerialDefaults, ...settings } });
}
