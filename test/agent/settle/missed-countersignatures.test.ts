import fc from "fast-check";
import { expect, it } from "vitest";
import { missedCountersignatures, missedToLeave } from "../../../agent/settle/missed-countersignatures.ts";
import { settler } from "../../../agent/settle/settler.ts";
import type { Uncountersigned } from "../../../agent/store/record-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { SettlementUp } from "../../../core/message/settlement-message.ts";
import { silentLog } from "../../fake/silent-log.ts";

const [minuteMs, hourMs] = [60_000, 3_600_000];
const waiting = (seq: number, signedMs: number, lengthMs = hourMs): Uncountersigned => ({
  seq,
  digest: `0x${String(seq).repeat(64)}`,
  signature: `0x${"ab".repeat(65)}`,
  startMs: signedMs - lengthMs,
  endMs: signedMs,
  signedMs,
});

it.each<[string, Uncountersigned[], number, number]>([
  ["nothing waits", [], 9 * hourMs, 0],
  ["one waits, within the time", [waiting(1, 0)], hourMs, 0],
  ["one waits longer", [waiting(1, 0)], hourMs + 1, 1],
  ["two wait, the second within the time", [waiting(1, 0), waiting(2, hourMs)], 2 * hourMs, 1],
  ["two wait longer", [waiting(1, 0), waiting(2, hourMs)], 2 * hourMs + 1, 2],
  ["one waits, and the record after it never came", [waiting(1, 0)], 2 * hourMs + 1, 2],
  ["a day's record waits: the next is due a day later", [waiting(1, 0, 24 * hourMs)], 24 * hourMs, 1],
])("counts %s", (_, records, nowMs, missed) => expect(missedCountersignatures(records, nowMs, hourMs)).toBe(missed));

it("never forgets a miss as time goes on, and never counts one that is within its time", () =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 10 * hourMs }), { maxLength: 4 }),
      fc.integer({ min: 0, max: 30 * hourMs }),
      fc.integer({ min: 0, max: 30 * hourMs }),
      (times, nowMs, moreMs) => {
        const records = times.toSorted((one, other) => one - other).map((atMs, index) => waiting(index + 1, atMs));
        const [now, later] = [nowMs, nowMs + moreMs].map((atMs) => missedCountersignatures(records, atMs, hourMs));
        expect(later).toBeGreaterThanOrEqual(now ?? 0);
        if (records.every(({ signedMs }) => nowMs - signedMs <= hourMs)) expect(now).toBe(0);
      },
    ),
  ));

function keeper() {
  const clock = fakeClock(100 * hourMs);
  const log = silentLog();
  let records: Uncountersigned[] = [];
  let overdue: number | undefined;
  let hidden: { seq: number; digest: string } | undefined;
  const [sent, changes, rounds]: [SettlementUp[], boolean[], boolean[]] = [[], [], []];
  const settling = settler({
    open: () =>
      Promise.resolve({
        answer: () => Promise.reject(new Error("not asked")),
        countersigned: (seq) => ((records = records.filter((one) => one.seq > seq)), Promise.resolve()),
        recover: () => Promise.resolve(null),
        hidden: () => hidden,
        included: () => Promise.resolve(),
        uncountersigned: () => records,
        unproven: () => undefined,
        overdueSince: () => overdue,
        chores: { run: (left) => (rounds.push(left), Promise.resolve()), close: () => undefined },
        close: () => undefined,
      }),
    publish: (_, message) => (sent.push(message), Promise.resolve()),
    hasJournal: () => records.length > 0 || overdue !== undefined,
    countersignedWithinMs: hourMs,
    settledWithinMs: 48 * hourMs,
    onLeft: () => void changes.push(settling.hasLeft()),
    clock,
    log,
  });
  clock.every(minuteMs, () => settling.keep(), new AbortController().signal);
  return {
    clock,
    log,
    sent,
    changes,
    rounds,
    settling,
    wait: (given: Uncountersigned[]) => (records = given),
    owe: (sinceMs?: number) => (overdue = sinceMs),
    hide: (seq: number) => (hidden = { seq, digest: `0x${"4".repeat(64)}` }),
  };
}

it("opens nothing while the journal is empty", async () => {
  const { clock, rounds } = keeper();
  await clock.advance(2 * hourMs);
  expect(rounds).toEqual([]);
});

it("leaves after two missed countersignatures, says so upward, publishes after a grace, and returns when countersigned", async () => {
  const { clock, log, sent, changes, rounds, settling, wait } = keeper();
  const startMs = clock.now();
  wait([waiting(1, startMs)]);
  await clock.advance(hourMs);
  // One countersignature lost on its way is asked for again, and no reason to leave.
  expect([settling.hasLeft(), sent.filter(({ kind }) => kind === "signed").length]).toEqual([false, 6]);
  wait([waiting(1, startMs), waiting(2, startMs + hourMs)]);
  await clock.advance(hourMs);
  expect(settling.hasLeft()).toBe(false);
  await clock.advance(minuteMs);
  expect([settling.hasLeft(), changes]).toEqual([true, [true]]);
  expect(sent.at(-1)).toMatchObject({ kind: "disputed", seq: 2, code: "settlement-countersignature-missing" });
  expect(log.lines).toMatchObject([{ level: "error", fields: { code: "settlement-countersignature-missing", seqs: [1, 2] } }]);
  expect(rounds.includes(true)).toBe(false);
  await clock.advance(10 * minuteMs);
  expect(rounds.at(-1)).toBe(true);
  const message = { kind: "countersigned", digest: `0x${"2".repeat(64)}`, signature: `0x${"cd".repeat(65)}` };
  await settling.take({ ...message, seq: 1 }, "settle/supply");
  expect(settling.hasLeft()).toBe(false);
  await settling.take({ ...message, seq: 2 }, "settle/supply");
  expect(changes).toEqual([true, false]);
  await clock.advance(5 * hourMs);
  expect([settling.hasLeft(), rounds.at(-1), missedToLeave]).toEqual([false, false, 2]);
});

it("leaves too while energy is in no record that both have signed, and returns when it is", async () => {
  const { clock, changes, sent, settling, owe } = keeper();
  owe(clock.now() - 49 * hourMs);
  await clock.advance(minuteMs);
  expect([settling.hasLeft(), sent]).toEqual([true, []]);
  owe();
  await clock.advance(minuteMs);
  expect([settling.hasLeft(), changes]).toEqual([false, [true, false]]);
});

it("follows nobody any more who hid a record, and says so once", async () => {
  const { clock, log, changes, settling, wait, hide } = keeper();
  wait([waiting(1, clock.now())]);
  hide(7);
  await clock.advance(minuteMs);
  expect([settling.hasLeft(), changes]).toEqual([true, [true]]);
  wait([]);
  await clock.advance(5 * hourMs);
  expect([settling.hasLeft(), changes]).toEqual([true, [true]]);
  const said = log.lines.filter(({ fields }) => fields["code"] === "settlement-record-hidden");
  expect(said).toMatchObject([{ level: "error", fields: { seq: 7 } }]);
});
