import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";

/** What the slave holds: floats by input register at one unit, coils (all off) at another. */
export interface PymodbusContent {
  floats: Record<number, number>;
  meter: number;
  relays: number;
  coils: number;
}

/** Or: any devices with the words that each has, for one function; or with what each has of all kinds, to be written to. */
export interface PymodbusUnits {
  units: ({ unit: number; function: 3 | 4; words: Record<number, number> } | PymodbusDevice)[];
}

/** A device with holding registers and coils that keep what is written to them. */
export interface PymodbusDevice {
  unit: number;
  holding?: Record<number, number>;
  input?: Record<number, number>;
  coils?: Record<number, boolean>;
}

/**
 * Path of a Python that has pymodbus and serial_asyncio (Debian python3-pymodbus, python3-serial-asyncio); undefined where
 * there is none, so that the test can skip by name. With REQUIRE_PEERS=1 that is a failure instead.
 */
export function pythonWithPymodbus(): string | undefined {
  // The system's own first: another Python on PATH does not see Debian's packages.
  for (const python of ["/usr/bin/python3", "python3"])
    try {
      execFileSync(python, ["-c", "import pymodbus.server, serial_asyncio"], { stdio: "ignore" });
      return python;
    } catch {
      // Not this one.
    }
  if (process.env["REQUIRE_PEERS"] === "1")
    throw new Error(
      "no Python with pymodbus and serial_asyncio, and REQUIRE_PEERS=1 forbids to skip; install python3-pymodbus python3-serial-asyncio",
    );
  return undefined;
}

/** Starts the slave on a TCP port or a serial device. It may need a moment until it answers. */
export function startPymodbus(
  python: string,
  line: { port: number } | { device: string },
  content: PymodbusContent | PymodbusUnits,
) {
  const place = "port" in line ? ["tcp", String(line.port)] : ["rtu", line.device];
  const child = spawn(python, [join(import.meta.dirname, "pymodbus_slave.py"), ...place, JSON.stringify(content)], {
    stdio: "ignore",
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    async stop(): Promise<void> {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
