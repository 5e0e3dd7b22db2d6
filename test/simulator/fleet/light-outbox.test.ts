import fc from "fast-check";
import { expect, it } from "vitest";
import { type LightOutbox, lightOutbox } from "../../../simulator/fleet/light-outbox.ts";

const boot = "0b7d4c1e-4d7e-4c0a-9a58-1c5d1f0e7a01";
const fill = (outbox: LightOutbox, rows: number): void => {
  for (let row = 0; row < rows; row++)
    outbox.add({ kind: "switch", resource: "boiler", at: "2026-03-01T00:00:00.000Z", on: true, reason: "x" });
};

it("sends 60 rows a message, 1200 without a receipt, and goes on when one comes", () => {
  const outbox = lightOutbox(boot);
  fill(outbox, 1300);
  const seqs: number[] = [];
  for (let message = outbox.next(0); message; message = outbox.next(0)) seqs.push(...message.items.map(({ seq }) => seq));
  expect(seqs).toEqual(Array.from({ length: 1200 }, (_, at) => at + 1));
  expect(outbox.receipt({ boot, seq: 60 }, 40)).toBe(40);
  expect(outbox.next(50)).toMatchObject({ receipted: 60, items: { length: 60, 0: { seq: 1201 } } });
  expect([outbox.waiting(), outbox.resendLate(60_039), outbox.resendLate(60_040)]).toEqual([1240, false, true]);
  expect(outbox.next(60_050)?.items[0]?.seq).toBe(61);
});

it("lets nothing go by a receipt of another run, an older one, or one for rows that it never had", () => {
  const outbox = lightOutbox(boot);
  fill(outbox, 5);
  outbox.next(0);
  expect(outbox.receipt({ boot: "7f1f8f0a-2f8e-4f5b-8f11-3d9d5a6b2c02", seq: 5 }, 1)).toBeNull();
  expect(outbox.receipt({ boot, seq: 6 }, 1)).toBeNull();
  expect(outbox.receipt({ boot, seq: 4 }, 1)).toBe(1);
  expect(outbox.receipt({ boot, seq: 3 }, 1)).toBeNull();
  expect(outbox.waiting()).toBe(1);
});

it("has every row delivered once, in order, by a way that loses messages and receipts", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(80), fc.boolean(), fc.boolean()), { maxLength: 60 }), (steps) => {
      const outbox = lightOutbox(boot);
      const there = new Set<number>();
      let [contiguous, nowMs] = [0, 0];
      const exchange = (arrives: boolean, answered: boolean): void => {
        const message = outbox.next(nowMs);
        if (message && arrives) for (const { seq } of message.items) there.add(seq);
        while (there.has(contiguous + 1)) contiguous++;
        if (message && arrives && answered) outbox.receipt({ boot, seq: contiguous }, nowMs);
      };
      for (const [rows, arrives, answered] of steps) {
        fill(outbox, rows);
        nowMs += 20_000;
        outbox.resendLate(nowMs);
        exchange(arrives, answered);
      }
      for (let round = 0; round < 400 && outbox.waiting() > 0; round++) {
        nowMs += 20_000;
        outbox.resendLate(nowMs);
        exchange(true, true);
      }
      expect([outbox.waiting(), contiguous]).toEqual([0, outbox.added()]);
    }),
  );
});
