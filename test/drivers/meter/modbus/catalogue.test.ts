import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { families } from "../../../../drivers/meter/modbus/families.ts";
import { familyNames } from "../../../../drivers/meter/modbus/family-names.ts";
import { Register, RegisterMap } from "../../../../drivers/meter/modbus/register-map.ts";

it("has 33 families with 568 registers, each in a file of its own", () => {
  expect(familyNames.length).toBe(33);
  expect(familyNames.reduce((sum, name) => sum + families[name].registers.length, 0)).toBe(568);
  const folder = join(import.meta.dirname, "../../../../drivers/meter/modbus/catalogue");
  const files = globSync("*.ts", { cwd: folder });
  expect(files.toSorted()).toEqual(familyNames.map((name) => `${name.replaceAll("_", "-")}.ts`).toSorted());
  for (const file of files) expect(readFileSync(join(folder, file), "utf8")).not.toContain("export *");
});

it.each(familyNames)("%s is a sound map without overlaps", (name) => {
  const map: RegisterMap = families[name];
  expect(RegisterMap.parse(map)).toEqual(map);
  const words = map.registers.flatMap(({ address, words: count }) => Array.from({ length: count }, (_, at) => address + at));
  expect(new Set(words).size).toBe(words.length);
});

/** Some addresses by hand, as the makers print them. */
it.each([
  ["sdm630", "voltageL1", 0x0000, "f32", "ABCD"],
  ["sdm630", "power", 0x0034, "f32", "ABCD"],
  ["cg_em24", "import", 0x0042, "s32", "CDAB"],
  ["abb_b", "import", 0x5000, "u64", "ABCD"],
  ["iem3000", "voltageL1", 3027, "f32", "ABCD"],
  ["janitza_19000", "import", 19_068, "f32", "ABCD"],
  ["eltako_dsz", "import", 72, "u32", "ABCD"],
  ["se_mtr_3y", "power", 1008, "f32", "CDAB"],
] as const)("%s has %s at %i", (name, measurement, address, type, order) => {
  const map: RegisterMap = families[name];
  expect(map.registers.find((register) => register.measurement === measurement)).toMatchObject({ address, type, order });
});

const good: Register = { measurement: "power", address: 0, words: 2, type: "s32", order: "ABCD", mul: 0.1, unit: "W" };
it.each([
  ["words that do not fit the type", { ...good, words: 1 }],
  ["an address that Modbus does not have", { ...good, address: 0x1_0000 }],
  ["a value that ends behind the last address", { ...good, address: 0xffff }],
  ["a unit nobody knows", { ...good, unit: "hp" }],
  ["a scale that is no power of ten", { ...good, mul: 0.25 }],
  ["a measurement nobody knows", { ...good, measurement: "weather" }],
])("a map with %s is refused", (_, register) => {
  expect(Register.safeParse(good).success).toBe(true);
  expect(Register.safeParse(register).success).toBe(false);
});

it("a map with one measurement twice is refused", () => {
  const twice = { ...families.sdm72, registers: [good, { ...good, address: 2 }] };
  expect(RegisterMap.safeParse(twice).success).toBe(false);
});

it("docs/reference/modbus-meters.md has every family with its models, and no other", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../docs/reference/modbus-meters.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (.+?) +\|/gm)].map(([, name, models]) => [name, models]);
  expect(rows).toEqual(familyNames.map((name) => [name, families[name].models.join(", ")]));
});
