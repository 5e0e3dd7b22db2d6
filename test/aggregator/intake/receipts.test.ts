import { expect, it } from "vitest";
import { receipts } from "../../../aggregator/intake/receipts.ts";
import { AppError } from "../../../core/app-error.ts";
import { silentLog } from "../../fake/silent-log.ts";

const boot = "0b7d4c1e-4d7e-4c0a-9a58-1c5d1f0e7a01";

function room() {
  const sent: { site: string; seq: number; confirm: (error?: Error) => void }[] = [];
  const answers = receipts({
    send: (site, _type, _rest, body) =>
      new Promise((resolve, reject) => {
        const confirm = (error?: Error): void => (error ? reject(error) : resolve());
        sent.push({ site, seq: (body as { seq: number }).seq, confirm });
      }),
    log: silentLog(),
  });
  return { answers, sent };
}

it("sends a receipt at once, and of those that wait behind many others only the newest of each run", async () => {
  const { answers, sent } = room();
  for (let home = 0; home < 64; home++) answers.give(`home-${home}`, { boot, seq: 1 }, 1);
  expect(sent.length).toBe(64);
  for (let seq = 2; seq <= 50; seq++) for (const home of ["home-0", "late"]) answers.give(home, { boot, seq }, seq);
  expect(sent.length).toBe(64);
  for (const { confirm } of sent) confirm();
  const done = answers.settled();
  await new Promise(setImmediate);
  expect(sent.slice(64).map(({ site, seq }) => [site, seq])).toEqual([
    ["home-0", 50],
    ["late", 50],
  ]);
  for (const { confirm } of sent) confirm();
  await done;
});

it("goes on after one that could not be sent", async () => {
  const { answers, sent } = room();
  answers.give("a", { boot, seq: 1 }, 1);
  sent[0]?.confirm(new AppError("mqtt-offline", "away", { temporary: true }));
  await answers.settled();
  answers.give("a", { boot, seq: 2 }, 2);
  expect(sent.map(({ seq }) => seq)).toEqual([1, 2]);
});
