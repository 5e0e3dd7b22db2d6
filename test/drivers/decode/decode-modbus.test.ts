import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeModbus } from "../../../drivers/decode/decode-modbus.ts";
import { families } from "../../../drivers/meter/modbus/families.ts";
import { familyNames, type FamilyName } from "../../../drivers/meter/modbus/family-names.ts";
import type { RegisterMap } from "../../../drivers/meter/modbus/register-map.ts";
import { imageUnit, registerImage } from "../../../simulator/modbus/register-image.ts";
import { rtuFrame } from "../../fake/modbus-slave.ts";

const context = { receivedMs: 7 };

/** An answer with `count` registers from `start` on, from unit on. */
function answer(family: FamilyName, figures: Record<string, number>, start: number, count: number): Buffer {
  const map: RegisterMap = families[family];
  const image = registerImage(map.registers.map((register) => ({ ...register, value: figures[register.measurement] ?? 0 })));
  const unit = imageUnit(image, { functionCode: map.functionCode, holes: "zero" });
  const data = (unit.readInputs ?? unit.readHoldings)?.(start, count) ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from([2, map.functionCode, data.length]), data]);
}
const tcp = (body: Buffer): Buffer => Buffer.concat([Buffer.from([0, 9, 0, 0, 0, body.length]), body]);
const sdm = { voltageL1: 230.1, voltageL2: 231, voltageL3: 229.5, power: -57.6, import: 1234.567, frequency: 50 };

it("decodes an RTU answer by OBIS code and into a reading", () => {
  const [line] = decodeModbus(rtuFrame(answer("sdm630", sdm, 0, 76)), { family: "sdm630", start: 0 }, context);
  expect(line).toMatchObject({
    family: "modbus",
    integrity: "valid",
    encryption: "none",
    objects: {
      "1-0:32.7.0": { value: 230.1, unit: "V" },
      "1-0:16.7.0": { value: -57.6, unit: "W" },
      "1-0:1.8.0": { value: 1234.567, unit: "kWh" },
      "1-0:14.7.0": { value: 50, unit: "Hz" },
    },
    reading: { importWh: 1_234_567, powerW: -58, quality: "valid", receivedMs: 7 },
  });
  expect(line?.objects).not.toHaveProperty("1-0:15.8.0");
});

it("decodes a Modbus TCP answer from another address on, which has no checksum", () => {
  const [line] = decodeModbus(tcp(answer("sdm630", sdm, 0x48, 2)), { family: "sdm630", start: 0x48 }, context);
  expect(line).toMatchObject({
    integrity: "absent",
    objects: { "1-0:1.8.0": { value: 1234.567 } },
    reading: { importWh: 1_234_567, powerW: null, quality: "unchecked" },
  });
  expect(Object.keys(line?.objects ?? {})).toEqual(["1-0:1.8.0"]);
});

it.each<[string, FamilyName, Buffer, number, string]>([
  ["half a register", "sdm630", answer("sdm630", sdm, 0x49, 1), 0x49, "73 to 73"],
  ["none of the family's registers", "sdm630", answer("sdm630", sdm, 20_000, 2), 20_000, "20000 to 20001"],
  ["registers past the last address", "sdm630", answer("sdm630", sdm, 0, 4), 65_535, "beyond the last address"],
  ["the answer to another function", "sdm630", ofFunction(3, answer("sdm630", sdm, 0, 4)), 0, "read with function 4"],
  ["the same the other way", "abb_b", ofFunction(4, answer("abb_b", sdm, 0x5b00, 4)), 0x5b00, "read with function 3"],
])("refuses %s", (_, family, body, start, why) => {
  const [line] = decodeModbus(rtuFrame(body), { family, start }, context);
  expect(line).toMatchObject({ integrity: "valid", objects: {}, reading: null, error: { code: "modbus-bad-frame" } });
  expect(line?.error?.message).toContain(why);
});

it("takes either function from a family that answers both", () => {
  const body = ofFunction(3, answer("pac2200", { voltageL1: 230 }, 1, 6));
  expect(decodeModbus(rtuFrame(body), { family: "pac2200", start: 1 }, context)[0]?.error).toBeUndefined();
});
function ofFunction(code: number, body: Buffer): Buffer {
  body.writeUInt8(code, 1);
  return body;
}

it("has null for NaN, and an error where a counter or a power cannot be", () => {
  const [nan] = decodeModbus(rtuFrame(answer("sdm630", { power: NaN }, 0x34, 2)), { family: "sdm630", start: 0x34 }, context);
  expect(nan).toMatchObject({
    integrity: "valid",
    objects: { "1-0:16.7.0": { value: null, unit: "W" } },
    reading: null,
    error: { code: "meter-impossible-reading" },
  });
  const [negative] = decodeModbus(rtuFrame(answer("sdm630", { import: -5 }, 72, 2)), { family: "sdm630", start: 72 }, context);
  expect(negative).toMatchObject({
    objects: { "1-0:1.8.0": { value: -5, unit: "kWh" } },
    reading: null,
    error: { code: "meter-impossible-reading" },
  });
  const endless = answer("sdm630", { voltageL1: Infinity }, 0, 2);
  expect(decodeModbus(rtuFrame(endless), { family: "sdm630", start: 0 }, context)[0]?.error?.code).toBe(
    "meter-impossible-reading",
  );
  const [volts] = decodeModbus(rtuFrame(answer("sdm630", sdm, 0, 6)), { family: "sdm630", start: 0 }, context);
  expect(volts).toMatchObject({ objects: { "1-0:32.7.0": { value: 230.1 } }, reading: null });
  expect(volts?.error).toBeUndefined();
});

it("believes no counter whose order of words nothing speaks for", () => {
  const [alone] = decodeModbus(
    rtuFrame(answer("dtsu666", { import: 1234.5 }, 4126, 2)),
    { family: "dtsu666", start: 4126 },
    context,
  );
  expect(alone).toMatchObject({ objects: { "1-0:1.8.0": { value: 1234.5 } }, reading: { quality: "suspect" } });
  const [sound] = decodeModbus(
    rtuFrame(answer("dtsu666", { voltageL1: 230, power: 70 }, 0x2006, 14)),
    { family: "dtsu666", start: 0x2006 },
    context,
  );
  expect(sound?.reading).toMatchObject({ quality: "valid", powerW: 70 });
});

it("finds the order of words by the voltage where devices differ", () => {
  const words = answer("cg_em11x", { voltage: 230, power: 1500 }, 0, 6);
  const other = Buffer.concat([words.subarray(0, 3), ...[0, 4, 8].map((at) => swapped(words.subarray(3 + at, 7 + at)))]);
  for (const body of [words, other])
    expect(decodeModbus(rtuFrame(body), { family: "cg_em11x", start: 0 }, context)[0]?.reading).toMatchObject({ powerW: 1500 });
});
const swapped = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(2), bytes.subarray(0, 2)]);

it.each<[string, Buffer, string, string]>([
  ["a flipped bit", flipped(rtuFrame(answer("sdm630", sdm, 0, 4)), 4), "modbus-bad-crc", "invalid"],
  ["a cut frame", rtuFrame(answer("sdm630", sdm, 0, 4)).subarray(0, 9), "modbus-bad-crc", "invalid"],
  ["nothing", Buffer.alloc(0), "modbus-bad-frame", "invalid"],
  ["a cut TCP message", tcp(answer("sdm630", sdm, 0, 4)).subarray(0, 12), "modbus-bad-frame", "invalid"],
  ["bytes behind a TCP message", Buffer.concat([tcp(answer("sdm630", sdm, 0, 4)), Buffer.of(1)]), "modbus-bad-frame", "invalid"],
  ["an exception over RTU", rtuFrame(Buffer.of(2, 0x84, 2)), "modbus-exception", "valid"],
  ["an exception over TCP", tcp(Buffer.of(2, 0x83, 11)), "modbus-exception", "absent"],
  ["a written coil", rtuFrame(Buffer.of(2, 5, 0, 1, 0xff, 0)), "modbus-bad-frame", "valid"],
  ["a count that does not fit", rtuFrame(Buffer.of(2, 4, 6, 0, 0, 0, 0)), "modbus-bad-frame", "valid"],
])("says why %s is no answer", (_, bytes, code, integrity) => {
  expect(decodeModbus(bytes, { family: "sdm630", start: 0 }, context)).toMatchObject([
    { family: "modbus", integrity, objects: {}, reading: null, error: { code } },
  ]);
});

it("names the families where there is none of the name", () => {
  const [line] = decodeModbus(Buffer.alloc(9), { family: "constructor" as FamilyName, start: 0 }, context);
  expect(line?.error?.message).toContain("sdm630, ");
});

it("never throws, whatever the bytes", () => {
  const family = fc.constantFrom(...familyNames);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), family, fc.nat(0xffff), fc.boolean(), (bytes, name, start, framed) => {
      const data = bytes.subarray(0, bytes.length & 0xfe & 250);
      const body = Buffer.concat([Buffer.from([1, families[name].functionCode, data.length]), data]);
      const lines = decodeModbus(framed ? rtuFrame(body) : bytes, { family: name, start }, context);
      expect(lines.length).toBe(1);
    }),
  );
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes;
}
