import { once } from "node:events";
import { AppError } from "../core/app-error.ts";
import { decodeBytes, longCapture } from "../drivers/decode/decode-bytes.ts";
import { decodeModbus } from "../drivers/decode/decode-modbus.ts";
import type { DecodeContext, Decoded } from "../drivers/decode/decoded.ts";
import { dlmsKeyFromHex } from "../drivers/meter/dlms/key-options.ts";
import type { MeterZone } from "../drivers/meter/meter-zone.ts";
import { familyNames, type FamilyName } from "../drivers/meter/modbus/family-names.ts";
import { exitCode } from "./exit-code.ts";
import { readInput } from "./read-input.ts";
import { showDecoded } from "./show-decoded.ts";
import { wholeNumber } from "./whole-number.ts";

/** Options of the command line, as text. */
export interface DecodeOptions {
  key?: string;
  authKey?: string;
  zone: MeterZone;
  hex?: true;
  map?: string;
  start?: string;
  json?: true;
}

/** What is decoded at once: half a day of a P1 port that speaks every second. */
const mostBytes = 32 * 1024 * 1024;

/** Pieces in which a long capture is decoded. */
const pieceBytes = 64 * 1024;

/** `smart-mla decode FILE|-`: one line for each telegram or frame. Exit 1 when one of them is broken. */
export async function decode(file: string, options: DecodeOptions, say: (line: string) => void): Promise<number> {
  const input = await readInput(file, mostBytes);
  const bytes = options.hex === true || file.endsWith(".hex") ? bytesOfHex(input.toString("latin1"), file) : input;
  const plain = options.json === undefined && process.stdout.isTTY;
  let broken = false;
  const emit = (line: Decoded): void => {
    broken ||= line.error !== undefined;
    for (const text of plain ? showDecoded(line) : [JSON.stringify(line)]) say(text);
  };
  const receivedMs = Date.now();
  if (options.map === undefined) await decodeMeter(bytes, contextOf(options, receivedMs), emit);
  else decodeAnswer(bytes, options.map, options, receivedMs).forEach(emit);
  return broken ? exitCode.checkFailed : exitCode.good;
}

async function decodeMeter(bytes: Uint8Array, context: DecodeContext, emit: (line: Decoded) => void): Promise<void> {
  const decoder = longCapture(bytes, context, emit);
  if (!decoder) return decodeBytes(bytes, context).forEach(emit);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    decoder.push(bytes.subarray(at, at + pieceBytes));
    // A slow reader must not make us keep all that it has not read yet.
    if (process.stdout.writableNeedDrain) await once(process.stdout, "drain").catch(() => undefined);
  }
  decoder.end();
}

function contextOf({ key, authKey, zone }: DecodeOptions, receivedMs: number): DecodeContext {
  if (key === undefined && authKey !== undefined) throw new AppError("usage-missing-option", "--auth-key needs --key beside it");
  const keys =
    key === undefined
      ? undefined
      : {
          encryptionKey: dlmsKeyFromHex(key, "--key"),
          ...(authKey !== undefined && { authenticationKey: dlmsKeyFromHex(authKey, "--auth-key") }),
        };
  return { keys, zone, receivedMs };
}

function decodeAnswer(bytes: Uint8Array, family: string, { start }: DecodeOptions, receivedMs: number): Decoded[] {
  if (!isFamily(family))
    throw new AppError("usage-unknown-family", `no Modbus family "${family}"; known: ${familyNames.join(", ")}`);
  if (start === undefined)
    throw new AppError("usage-missing-option", "--map needs --start: an answer does not say which registers it holds");
  return decodeModbus(bytes, { family, start: address(start) }, { receivedMs });
}

const isFamily = (name: string): name is FamilyName => familyNames.some((family) => family === name);

/** Decimal, or hexadecimal with 0x as in most manuals. */
function address(text: string): number {
  const decimal = /^0x[0-9a-f]{1,4}$/i.test(text) ? String(Number(text)) : text;
  return wholeNumber("--start", decimal, { most: 65_535 });
}

/** Hex digits with blanks, colons or 0x between them; lines that begin with "#" are comments. */
function bytesOfHex(text: string, file: string): Uint8Array {
  const digits = text
    .split(/\r?\n/)
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("")
    .replaceAll(/0x|[\s:,-]/gi, "");
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong) throw new AppError("input-no-hex", `${file} holds "${wrong[0]}" where hex digits were expected`);
  if (digits.length % 2 !== 0) throw new AppError("input-no-hex", `${file} holds ${digits.length} hex digits; two make a byte`);
  return Buffer.from(digits, "hex");
}
