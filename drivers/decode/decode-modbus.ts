import { AppError, errorMessage } from "../../core/app-error.ts";
import { checkedReading } from "../meter/checked-reading.ts";
import { crc16 } from "../meter/crc16.ts";
import { valuesIn, type ReadBlock, type Values } from "../meter/modbus/block-reader.ts";
import { figure } from "../meter/modbus/decode-register.ts";
import { families } from "../meter/modbus/families.ts";
import { familyNames, type FamilyName } from "../meter/modbus/family-names.ts";
import { obisOf, type Measurement } from "../meter/modbus/measurement.ts";
import { isPlausible } from "../meter/modbus/plausibility.ts";
import type { RegisterMap } from "../meter/modbus/register-map.ts";
import { isInRange, measuredOf } from "../meter/modbus/values-reading.ts";
import { valuesByVoltage } from "../meter/modbus/word-order.ts";
import { addValues, undecoded, type DecodeContext, type Decoded } from "./decoded.ts";

/** Unit, function and data of an answer, without what frames it. */
interface Answer {
  body: Buffer;
  framing: "rtu" | "tcp";
}

/** Why the bytes are no answer. */
class Refusal extends AppError {
  readonly offset: number;
  constructor(code: string, message: string, offset: number) {
    super(code, message);
    this.offset = offset;
  }
}

/** Most bytes of an RTU frame, and of the data behind the header of Modbus TCP. */
const mostBytes = 256;
/** Register of CRC-16/MODBUS before the first byte. */
const modbusRegister = 0xffff;

/**
 * One answer to a read of registers, as RTU frame or as Modbus TCP message, told apart by the header. Never throws.
 * An answer does not say which registers it holds, so the caller does. Values without an OBIS code are left out.
 * @param request.start first address that was asked for, from 0
 */
export function decodeModbus(
  bytes: Uint8Array,
  request: { family: FamilyName; start: number },
  context: Pick<DecodeContext, "receivedMs">,
): Decoded[] {
  let framing: Answer["framing"] | undefined;
  try {
    const map = Object.hasOwn(families, request.family) ? families[request.family] : undefined;
    if (!map) throw new Refusal("modbus-bad-frame", `no family "${request.family}" (have: ${familyNames.join(", ")})`, 0);
    const answer = opened(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    framing = answer.framing;
    const block = { address: request.start, bytes: registersOf(answer.body) };
    checkFits(request.family, map, block, answer.body[1] ?? 0);
    return [decoded(map, block, framing, context)];
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal("modbus-bad-frame", errorMessage(error), 0);
    const { code, message, offset } = refusal;
    const integrity = framing === undefined ? "invalid" : integrityOf(framing);
    return [undecoded("modbus", { code, message, offset }, { integrity })];
  }
}

/** Modbus TCP has no checksum of its own. */
const integrityOf = (framing: Answer["framing"]): Decoded["integrity"] => (framing === "rtu" ? "valid" : "absent");

function opened(bytes: Buffer): Answer {
  // The protocol number 0 of Modbus TCP stands where RTU has the count of bytes, which is never 0 in an answer.
  if (bytes.length >= 7 && bytes.readUInt16BE(2) === 0) {
    const length = bytes.readUInt16BE(4);
    if (length !== bytes.length - 6)
      throw new Refusal("modbus-bad-frame", `header says ${length} bytes, ${bytes.length - 6} follow`, 4);
    return { framing: "tcp", body: bytes.subarray(6) };
  }
  if (bytes.length < 5 || bytes.length > mostBytes)
    throw new Refusal("modbus-bad-frame", `${bytes.length} bytes are no answer of 5 to ${mostBytes}`, 0);
  const body = bytes.subarray(0, -2);
  const [said, computed] = [bytes.readUInt16LE(bytes.length - 2), crc16(body, 0, body.length, modbusRegister)];
  if (said !== computed)
    throw new Refusal("modbus-bad-crc", `CRC is ${hex(said)}, the bytes give ${hex(computed)}`, bytes.length - 2);
  return { framing: "rtu", body };
}

/** Data of an answer to function 3 or 4. */
function registersOf(body: Buffer): Buffer {
  const [, code = 0, count = 0] = body;
  if (code === 0x83 || code === 0x84)
    throw new Refusal("modbus-exception", `the unit answered exception ${count}; check address and function`, 1);
  if (code !== 3 && code !== 4)
    throw new Refusal("modbus-bad-frame", `function ${code} is no read of registers; expected 3 or 4`, 1);
  const data = body.subarray(3);
  if (count === 0 || count % 2 === 1 || count !== data.length)
    throw new Refusal("modbus-bad-frame", `count says ${count} bytes of registers, ${data.length} follow`, 2);
  return data;
}

/** @throws Refusal where the answer is none to a question that a meter of the family understands */
function checkFits(name: string, map: RegisterMap, { address, bytes }: ReadBlock, code: number): void {
  const refuse = (why: string, offset: number): never => {
    throw new Refusal("modbus-bad-frame", why, offset);
  };
  if (code !== map.functionCode && !map.eitherFunction)
    refuse(`function ${code} was answered, and a ${name} is read with function ${map.functionCode}; check the family`, 1);
  const end = address + bytes.length / 2;
  if (end > 0x1_0000) refuse(`${bytes.length / 2} registers from ${address} on go beyond the last address; check --start`, 2);
  if (!map.registers.some((register) => register.address >= address && register.address + register.words <= end))
    refuse(`no register of a ${name} lies in ${address} to ${end - 1}; check --start and the family`, 2);
}

function decoded(
  map: RegisterMap,
  block: ReadBlock,
  framing: Answer["framing"],
  { receivedMs }: Pick<DecodeContext, "receivedMs">,
): Decoded {
  const found = map.orderInDoubt ? valuesByVoltage(map, [block]) : { values: valuesIn(map.registers, [block]) };
  const { values } = found;
  const certain = !map.orderInDoubt || "order" in found;
  const objects: Decoded["objects"] = {};
  for (const { measurement, unit } of map.registers) {
    const sample = values.get(measurement);
    const code = obisOf[measurement];
    if (sample === undefined || code === null) continue;
    addValues(objects, code, [{ value: sample && finite(figure(sample)), unit: unit || null }]);
  }
  return {
    family: "modbus",
    meter: null,
    integrity: integrityOf(framing),
    encryption: "none",
    time: null,
    objects,
    ...readingOf(map, values, { certain, framing, receivedMs }),
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Registers that a reading is made of by themselves. */
const telling: readonly Measurement[] = ["import", "export", "power"];

/** No reading where nothing that it is made of lies in the answer, and an error where what lies there cannot be. */
function readingOf(
  map: RegisterMap,
  values: Values,
  { certain, framing, receivedMs }: { certain: boolean; framing: Answer["framing"]; receivedMs: number },
): Pick<Decoded, "reading" | "error"> {
  const quality = framing === "rtu" ? "valid" : "unchecked";
  const measured = measuredOf(values, { reversed: false, oneWay: false });
  const believable = certain && isPlausible(values, map.unverified) && isInRange(map, measured.powerW);
  try {
    const reading = checkedReading({
      meter: map.models[0] ?? "modbus",
      meterId: null,
      receivedMs,
      meterMs: null,
      clockSynced: false,
      quality: believable ? quality : "suspect",
      ...measured,
      subMeters: [],
    });
    return { reading };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const endless = [...values.values()].some((sample) => sample && !Number.isFinite(sample.raw));
    if (!endless && !telling.some((measurement) => values.has(measurement))) return { reading: null };
    const { code, message } = error;
    return { reading: null, error: { code, message, offset: 0 } };
  }
}

const hex = (crc: number): string => `0x${crc.toString(16).padStart(4, "0")}`;
