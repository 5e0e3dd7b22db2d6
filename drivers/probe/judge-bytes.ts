import type { SerialSettings } from "../bus/byte-bus.ts";
import { decodeBytes } from "../decode/decode-bytes.ts";
import type { Decoded } from "../decode/decoded.ts";
import { settingsOptions, type FoundMeter, type Heard } from "./probe-result.ts";

const sampleBytes = 48;
const drivers = { p1: "dsmr", han: "han", "iec62056-21": "iec62056_21" } as const;

/** What can be read in the bytes of a line: a meter that speaks by itself, or only what they look like. */
export function judgeBytes(bytes: Uint8Array, settings: SerialSettings | null): { found: FoundMeter | undefined; heard: Heard } {
  const lines = bytes.length === 0 ? [] : decodeBytes(bytes, { zone: "CET", receivedMs: 0 });
  const line =
    lines.find(({ error, integrity, reading }) => !error && (integrity === "valid" || reading !== null)) ??
    lines.find(({ error }) => error?.code === "dlms-key-missing");
  const codes = new Set(lines.flatMap(({ error }) => error?.code ?? []));
  return {
    found: line && foundMeter(line, settings),
    heard: {
      settings,
      bytes: bytes.length,
      highBytes: bytes.reduce((count, byte) => count + (byte >> 7), 0),
      codes: [...codes],
      sample: Buffer.from(bytes.subarray(0, sampleBytes)).toString("hex"),
    },
  };
}

function foundMeter(line: Decoded, settings: SerialSettings | null): FoundMeter | undefined {
  const { family, meter, encryption } = line;
  if (family === "modbus") return undefined;
  const options = settings === null ? {} : settingsOptions(settings);
  const ciphered = encryption === "key-missing";
  return {
    family,
    meter,
    driver: {
      driver: drivers[family],
      ...options,
      // It spoke unasked.
      ...(family === "iec62056-21" && { mode: "D" }),
      ...(ciphered && { encryption_key_file: "meter.key" }),
    },
    note: ciphered
      ? "it encrypts: put the key that the grid operator gives (32 hex digits) into the file meter.key, mostly also an authentication_key_file"
      : null,
  };
}
