import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { guardReplay } from "../../cli/guard-replay.ts";
import { errorCode, errorMessage } from "../../core/app-error.ts";
import { scratch } from "../fake/scratch.ts";

/** How it ends, without the folder: the count of lines, or code and message. */
async function replayed(events: readonly object[]): Promise<string> {
  const folder = scratch("trace");
  const file = join(folder, "trace.jsonl");
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  const lines: string[] = [];
  try {
    await guardReplay(file, { json: true }, (line) => lines.push(line));
    return `${lines.length} lines`;
  } catch (error) {
    return `${errorCode(error)}: ${errorMessage(error).replace(`${folder}/`, "")}`;
  }
}

const config = { at: 0, kind: "config", appliances: [{ resource: "boiler", ratedPowerW: 2000 }] };
const boost = { at: 1, kind: "override", resource: "boiler", mode: "boost", until: 60 };

it("says a line for each event", async () => {
  expect(await replayed([config, boost, { at: 2, kind: "override", resource: "boiler", mode: "clear" }])).toBe("3 lines");
});

it("refuses a hold, whose setting a trace cannot say", async () => {
  expect(await replayed([config, { ...boost, mode: "hold" }])).toMatch(
    /^trace-bad-line: trace\.jsonl:2 is no event of a trace: .*expected boost, pause, holiday or clear; a hold is of a setting, which a trace cannot say: leave the event out → at mode$/,
  );
  expect(await replayed([config, { ...boost, mode: "faster" }])).toMatch(
    /: .*expected boost, pause, holiday or clear → at mode$/,
  );
});

it("refuses an event for an appliance that the trace does not list, before or after, but not where it lists none", async () => {
  const other = { ...boost, at: 0, resource: "boilr" };
  const said = 'is for "boilr", which no config of the trace lists (have: boiler); correct the name or add it to the appliances';
  expect(await replayed([config, other])).toBe(`trace-bad-line: trace.jsonl:2 ${said}`);
  expect(await replayed([other, config])).toBe(`trace-bad-line: trace.jsonl:1 ${said}`);
  expect(await replayed([{ ...boost, at: 0 }, config])).toBe("2 lines");
  expect(await replayed([other, { at: 0, kind: "config", maxImportW: 5000 }])).toBe("2 lines");
});
