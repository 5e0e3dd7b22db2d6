import fc from "fast-check";
import { expect, it } from "vitest";
import { replay } from "../../../agent/replay/replay.ts";
import { TraceEvent } from "../../../agent/replay/trace-event.ts";
import { checkTraces } from "./check-traces.ts";
import { playStory } from "./play-story.ts";
import { story } from "./random-story.ts";

it("keeps every rule, and the failsafe rules of EEBUS LPC, over any trace", { timeout: 180_000 }, () => {
  const { fault, reasons } = checkTraces({ count: 3000, seed: 20_261_122 });
  expect(fault).toBeNull();
  // The traces go where the rules bind.
  const seen = Object.fromEntries(reasons);
  for (const reason of [
    "above the house import limit",
    "above the grid operator's limit",
    "above the quarter-hour peak",
    "above the fuse of phase 1",
    "no room under the fuse of phase 3",
    "minimum off time runs",
    "minimum on time runs",
    "switched too often this hour",
    "random delay of an increase runs",
    "others rise first",
    "held back as long as allowed",
    "meter stale, safe state",
    "clock jumped, safe state",
    "boost",
    "restart",
    "limit refused",
    "grid limit: limited",
    "grid limit: unlimited",
  ])
    expect([reason, seen[reason] ?? 0]).toSatisfy(([, count]: [string, number]) => count > 50);
});

it("finds the same in the whole trace as event by event, and makes no event that a trace may not hold", () => {
  const isAbsurd = (event: TraceEvent): boolean =>
    event.kind === "limit" && ![event.limitW, event.durationS ?? 0].every((figure) => Number.isFinite(figure));
  for (const one of fc.sample(story, { numRuns: 100, seed: 7 })) {
    const { events, lines } = playStory(one);
    expect(replay(events)).toEqual(lines);
    for (const event of events.filter((each) => !isAbsurd(each))) expect(TraceEvent.parse(event)).toEqual(event);
  }
});
