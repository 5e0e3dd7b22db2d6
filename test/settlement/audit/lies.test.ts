import { expect, it } from "vitest";
import { auditCauses } from "../../../settlement/audit/journal.ts";
import { liesOfOthers } from "./lies-of-others.ts";
import { liesOfRecords } from "./lies-of-records.ts";
import { openWorld } from "./world.ts";

const lies = [...liesOfRecords, ...liesOfOthers];

it.each(lies)("%s is found: %s", async (_, cause, verdict, story) => {
  await using world = await openWorld();
  const report = await world.audit((await story(world)) ?? {});
  const finding = report.findings.find((one) => one.cause === cause);
  expect(finding, JSON.stringify(report.findings, null, 1)).toMatchObject({ cause, verdict });
  expect(finding?.detail).not.toBe("");
  if (verdict === "bad") expect(report.verdict).toBe("bad");
  else expect(report.findings.filter((one) => one.verdict === "bad" && cause !== "history-incomplete")).toEqual([]);
});

/** Shown in files of their own: blobs.test.ts, trade-legs.test.ts, order-fills.test.ts. */
const elsewhere = new Set<string>(["blobs-unseen", "legs-unexplained", "order-oversold"]);

it("each cause that an audit can name has a lie that shows it", () => {
  const shown = new Set(lies.map(([, cause]) => cause));
  expect([...shown].toSorted()).toEqual(auditCauses.filter((cause) => !elsewhere.has(cause)));
});
