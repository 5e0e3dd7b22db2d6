import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { plan, type PlanOptions } from "../../cli/plan.ts";

const folder = mkdtempSync(join(tmpdir(), "smart-mla-plan-"));
afterAll(() => rmSync(folder, { recursive: true }));
const options: PlanOptions = { engine: "fast", gap: "0.0001", timeLimit: "10" };
let files = 0;
async function run(text: string | Buffer, more: Partial<PlanOptions> = {}): Promise<{ code: number; out: string }> {
  files += 1;
  const file = join(folder, `${files}.yaml`);
  writeFileSync(file, text);
  const lines: string[] = [];
  const code = await plan(file, { ...options, ...more }, (line) => lines.push(line));
  return { code, out: lines.join("\n") };
}
const car = (kwh: number): string => `
slot_minutes: 60
import_price_per_kwh: [0.3, 0.1, .nan, 0.2]
appliances:
  - { type: ev, name: car, charge_max_w: 1000, energy_wh: ${kwh * 1000}, ready_by: 4 }
`;

describe("smart-mla plan", () => {
  it.each(["fast", "exact"] as const)("reads YAML with gaps and prints one JSON object (%s)", async (engine) => {
    const { code, out } = await run(car(2), { engine });
    const outcome = JSON.parse(out) as { status: string; appliances: { energy_wh: number[] }[]; notes: string[] };
    expect(code).toBe(0);
    expect(outcome.status).toBe("kept");
    expect(outcome.appliances[0]?.energy_wh.slice(0, 2)).toEqual([0, 1000]);
    expect(outcome.notes[0]).toContain("import_price_per_kwh is not known in 1 of 4 slots");
  });

  it("reads a file with a byte order mark, and refuses one that is not UTF-8", async () => {
    const json = '{"slot_minutes": 60, "import_price_per_kwh": [0.1, 0.2]}';
    expect((await run(`\uFEFF${json}`)).code).toBe(0);
    await expect(run(Buffer.from([0x61, 0xff, 0xfe, 0x62]))).rejects.toThrow(/is not UTF-8; save it as UTF-8/);
  });

  it("refuses YAML that would take many seconds to read, at once, and takes as much JSON", async () => {
    const zeros = Array.from({ length: 600_000 }, () => "0.1");
    await expect(
      run(`slot_minutes: 60\nimport_price_per_kwh:\n${zeros.map((price) => `  - ${price}\n`).join("")}`),
    ).rejects.toThrow(
      expect.objectContaining({ code: "plan-too-long", message: expect.stringContaining("write so long a problem as JSON") }),
    );
    // Its trouble is another one: more slots than are planned.
    await expect(run(`{"slot_minutes": 60, "import_price_per_kwh": [${zeros.join(",")}]}`)).rejects.toThrow(/at most 3000/);
  });

  it("ends with 1 where a wish is missed, if it was asked to be strict", async () => {
    expect((await run(car(9))).code).toBe(0);
    const strict = await run(car(9), { strict: true });
    expect(strict.code).toBe(1);
    expect(strict.out).toContain('"kind":"below-minimum"');
  });

  it("prints a schema that names every kind of appliance", async () => {
    const lines: string[] = [];
    await plan(undefined, { ...options, schema: true }, (line) => lines.push(line));
    const text = JSON.stringify(JSON.parse(lines.join("\n")));
    for (const type of ["battery", "ev", "deferrable", "cycle", "water_heater", "heat_pump", "blockable"])
      expect(text).toContain(`"${type}"`);
    // Nothing in it takes whatever comes: NaN, which JSON does not know, would.
    expect(text).not.toMatch(/[[,]\{\}[\],]/);
  });

  it.each([
    ["slot_minutes: 60\nimport_price_per_kwh: [1, 2", /neither JSON nor YAML/],
    ["slot_minutes: 60\nimport_price_per_kwh: [1]\nappliances: [{ type: boat, name: b }]", /appliances\[0\]/],
  ])("says what is wrong with a file: %#", async (text, message) => {
    await expect(run(text)).rejects.toThrow(message);
  });

  it("refuses a gap that is no number", async () => {
    await expect(run(car(1), { engine: "exact", gap: "much" })).rejects.toThrow(/--gap is "much"/);
  });
});
