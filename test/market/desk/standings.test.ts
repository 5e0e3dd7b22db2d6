import { expect, it } from "vitest";
import { emptyPair } from "../../fake/empty-pair.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { AppError, errorCode } from "../../../core/app-error.ts";
import { standings } from "../../../market/desk/standings.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { deskRig } from "./desk-rig.ts";

it("asks a chain that does not answer once for all participants, goes by what it said last, and asks again soon", async () => {
  const { traders } = await deskRig(["roof", "car", "flat"]);
  const clock = fakeClock(0);
  const chain = { asked: 0, answers: true };
  const answer = async <T>(value: T): Promise<T> => {
    if (!chain.answers) throw new AppError("chain-unreachable", "it does not answer", { temporary: true });
    return value;
  };
  const known = standings({
    participants: new Map(traders.map(({ owner, name, agreement }) => [owner, { name, agreement }])),
    chain: {
      partyOf: async () => {
        chain.asked += 1;
        return answer({ signer: "0xkey", since: 0, until: 1e15 });
      },
      pairOf: async () => answer(emptyPair(5n, 5n)),
    },
    store: { unrecordedOwed: async () => 0n, untoldSlots: async () => 0 },
    records: { newest: async () => null },
    forecasts: [],
    settlesDeviations: true,
    clock,
    log: silentLog(),
  });
  for (const { owner } of traders) expect((await known.fresh(owner))?.freeMicro).toBe(5n);
  chain.answers = false;
  for (const { owner } of traders) expect((await known.fresh(owner))?.freeMicro).toBe(5n);
  expect(chain.asked).toBe(traders.length + 1);
  await clock.advance(31_000);
  expect(await known.of(traders[0]?.owner ?? "").catch(errorCode)).toBe("chain-unreachable");
  chain.answers = true;
  await clock.advance(5000);
  expect((await known.of(traders[0]?.owner ?? "")).freeMicro).toBe(5n);
});
