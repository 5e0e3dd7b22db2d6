import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkCorpus } from "./check-corpus.ts";

/** A collection of captured telegrams that may lie beside the project; the tests run where it does. */
const folder = join(import.meta.dirname, "../../../shared/corpus");
const present = existsSync(join(folder, "index.json"));

describe.skipIf(!present)("captured telegrams", () => {
  it.each(present ? checkCorpus(folder) : [])("$file ($kind) is as its index says", ({ faults }) => expect(faults).toEqual([]));
});
