import { expect, it } from "vitest";
import { runRules } from "../../planner/run-rules.ts";

const hours = (minutes: number): Float64Array => new Float64Array(24).fill(minutes / 60);
const said = { minOn: 0, minOff: 0, once: false, startCost: 0, wasOn: true, wasFor: 0 };

it.each([
  ["no rule, however lately it changed", { ...said, minOn: 0 }, 60, { minOn: 1, mustStay: 0 }],
  ["a run that has begun just now goes on for all of its least time", { ...said, minOn: 120 }, 60, { mustStay: 2 }],
  ["a run of an hour has an hour left of two", { ...said, minOn: 120, wasFor: 60 }, 60, { mustStay: 1 }],
  ["what is left of it is rounded up", { ...said, minOn: 90, wasFor: 60 }, 60, { minOn: 2, mustStay: 1 }],
  ["a run that was long enough may end", { ...said, minOn: 120, wasFor: 1440 }, 60, { mustStay: 0 }],
  ["20 minutes are two slots of 10", { ...said, minOn: 20, minOff: 20 }, 10, { minOn: 2, minOff: 2, mustStay: 2 }],
  ["a lock of two hours is two slots", { ...said, maxOff: 120 }, 60, { maxOff: 2, mayStayOff: Infinity }],
  ["what is left of a lock is rounded down", { ...said, maxOff: 120, wasOn: false, wasFor: 30 }, 60, { mayStayOff: 1 }],
  ["a lock shorter than a slot is none", { ...said, maxOff: 30 }, 60, { maxOff: 0 }],
  [
    "a rest that protects it stands above a lock",
    { ...said, minOff: 120, maxOff: 60, wasOn: false },
    60,
    { maxOff: 2, mustStay: 2, mayStayOff: 2 },
  ],
  ["what runs once begins whenever it likes", { ...said, minOff: 120, wasOn: false, once: true }, 60, { mustStay: 0 }],
])("%s", (_, minutes, slotMinutes, rules) => expect(runRules(minutes, hours(slotMinutes))).toMatchObject(rules));
