import { expect, it } from "vitest";
import { resolveDispute, viewDispute } from "../../../aggregator/settle/resolve-dispute.ts";
import { evidenceOfCase, unsignedImport } from "../../../aggregator/settle/unsigned-import.ts";
import { unsignedWatch } from "../../../aggregator/settle/unsigned-watch.ts";
import { errorCode } from "../../../core/app-error.ts";
import { energyAmount } from "../../../settlement/record/amount.ts";
import { exampleAgreement, exampleEvidence, exampleSeries, household } from "../../settlement/fixture.ts";
import { midnightMs } from "../rows.ts";
import { type Desk, disputeOf, domain, openDesk, proposed, reported, signedBy, site } from "./home-double.ts";

const [minuteMs, hourMs] = [60_000, 3_600_000];
const rule = { periods: 2, answerMs: hourMs };

/** A desk with what looks after signatures, as the daemon joins them; its home answers nothing by itself. */
async function watched(change: Parameters<typeof openDesk>[0] = {}) {
  const desk = await openDesk(change);
  const series = exampleSeries();
  await desk.store.keepSeries(series, { hash: "0x1", startMs: midnightMs, endMs: midnightMs + 86_400_000 });
  const agreements = new Map([[site, exampleAgreement(domain, change.agreement)]]);
  const state = { fails: false };
  const store = () => ({
    ...desk.store,
    signedNow: (...closed: Parameters<typeof desk.store.signedNow>) =>
      state.fails ? Promise.reject(new Error("database away")) : desk.store.signedNow(...closed),
  });
  const make = () => unsignedWatch({ store: store(), agreements, chain: desk.chain, rule, clock: desk.clock, log: desk.log });
  const rig = {
    desk,
    state,
    watch: make(),
    /** A quarter goes by and its row comes; the daemon looks each five minutes. */
    async quarter(index: number, wh: number) {
      for (let minutes = 0; minutes < 15; minutes += 5) {
        await desk.clock.advance(5 * minuteMs);
        if (minutes === 10) await reported(desk.store, index, [wh]);
        await rig.step();
      }
    },
    async step() {
      await desk.proposer.advance(site);
      await rig.watch.look(site);
    },
    async sign() {
      await desk.proposer.answer(site, await signedBy(household.signer, proposed(desk.down)));
      await rig.watch.look(site);
    },
    async restart() {
      await desk.restart();
      rig.watch = make();
      await rig.watch.load();
    },
  };
  return rig;
}

const cases = (desk: Desk, open = true) => desk.store.disputes({ open, limit: 10 });

it("opens a case after two periods of import without a signature and an hour to sign, and says what is owed", async () => {
  const { desk, watch, quarter } = await watched();
  for (let index = 0; index < 11; index++) {
    await quarter(index, 100 + index);
    expect([index, watch.isUnsettled(site)]).toEqual([index, false]);
  }
  // Two periods are over after 8 quarters, and the hour after 12.
  await quarter(11, 111);
  expect(watch.isUnsettled(site)).toBe(true);
  const whs = Array.from({ length: 12 }, (_, at) => 100 + at);
  const [one] = await cases(desk);
  const cost = whs.reduce(
    (sum, wh, at) => sum + energyAmount(exampleEvidence("import", [wh], at * 900), exampleSeries()).micro,
    0n,
  );
  const figures = { from: "2026-03-01T23:00:00.000Z", until: "2026-03-02T02:00:00.000Z", wh: 1266, amount: String(cost) };
  expect(one).toMatchObject({
    site,
    seq: 1,
    source: "aggregator",
    code: "settlement-unsigned-import",
    own: figures,
    record: { seq: 1 },
  });
  expect(one?.message).toContain("1266 Wh of import from 2026-03-01T23:00:00.000Z to 2026-03-02T02:00:00.000Z, ");
  expect(desk.log.lines.filter(({ level }) => level === "error")).toMatchObject([
    { fields: { code: "settlement-unsigned-import" } },
  ]);
});

it("shows the debt of a case as it grows, with the rows behind it, and raises it once", async () => {
  const { desk, quarter, step } = await watched();
  for (let index = 0; index < 12; index++) await quarter(index, 100);
  for (let index = 12; index < 20; index++) await quarter(index, 50);
  await step();
  const [one, ...others] = await cases(desk);
  expect(others).toEqual([]);
  const view = await viewDispute(desk.store, one ?? expect.fail(), desk.clock.now());
  expect(view).toMatchObject({ slots: null, unsigned: { wh: 1600, until: "2026-03-02T04:00:00.000Z", unpricedWh: 0 } });
  const evidence = await evidenceOfCase(desk.store, 1, desk.clock.now());
  expect(evidence.slots).toHaveLength(20);
  expect(evidence.slots[19]).toEqual({ start: "2026-03-02T03:45:00.000Z", end: "2026-03-02T04:00:00.000Z", wh: 50 });
  expect(String(evidence.amount)).toBe(view.unsigned?.amount);
  expect(await resolveDispute(desk.store, 1, "skip", 1, "cli test").catch(errorCode)).toBe("dispute-not-by-home");
  expect(await evidenceOfCase(desk.store, 2, 1).catch(errorCode)).toBe("dispute-unknown");
});

it("is told of a restart by the database, and closes the case when the home has signed all that it owed", async () => {
  const rig = await watched();
  const { desk, quarter } = rig;
  for (let index = 0; index < 12; index++) await quarter(index, 100);
  await rig.restart();
  expect(rig.watch.isUnsettled(site)).toBe(true);
  await rig.sign();
  // One of three is signed, two are owed still.
  expect([proposed(desk.down).seq, rig.watch.isUnsettled(site)]).toEqual([2, true]);
  await rig.sign();
  expect([proposed(desk.down).seq, rig.watch.isUnsettled(site)]).toEqual([3, false]);
  expect(await cases(desk)).toEqual([]);
  expect(await cases(desk, false)).toMatchObject([{ resolution: "signed", resolvedMs: desk.clock.now() }]);
  expect(await evidenceOfCase(desk.store, 1, desk.clock.now()).catch(errorCode)).toBe("dispute-no-evidence");
  await rig.sign();
  expect(await unsignedImport(desk.store, site, desk.clock.now())).toBeNull();
  const newest = await desk.store.newestRecord(site);
  const owed = BigInt(newest?.record.cumA ?? 0) + BigInt(newest?.record.cumB ?? 0);
  const whole = [0, 1, 2].map((hour) =>
    energyAmount(exampleEvidence("import", [100, 100, 100, 100], hour * 3600), exampleSeries()),
  );
  expect(owed).toBe(whole.reduce((sum, { micro }) => sum + micro, 0n));
});

it("closes the case with the next look where the database did not take that it is closed", async () => {
  const rig = await watched();
  for (let index = 0; index < 12; index++) await rig.quarter(index, 100);
  rig.state.fails = true;
  for (let seq = 1; seq <= 2; seq++) await rig.sign();
  expect([rig.watch.isUnsettled(site), (await cases(rig.desk)).length]).toEqual([true, 1]);
  rig.state.fails = false;
  await rig.step();
  expect([rig.watch.isUnsettled(site), await cases(rig.desk)]).toEqual([false, []]);
});

it("gives a home that comes back with a day of rows the time to sign them", async () => {
  const rig = await watched();
  const { desk } = rig;
  await rig.quarter(0, 100);
  await desk.clock.advance(20 * hourMs);
  await reported(
    desk.store,
    1,
    Array.from({ length: 79 }, () => 100),
  );
  await rig.step();
  await desk.clock.advance(50 * minuteMs);
  await rig.step();
  expect(rig.watch.isUnsettled(site)).toBe(false);
  for (let seq = 1; seq <= 20; seq++) await rig.sign();
  await desk.clock.advance(5 * hourMs);
  await rig.step();
  expect([rig.watch.isUnsettled(site), (await cases(desk, false)).length]).toEqual([false, 0]);
});

it("counts a home that disputes everything as one that does not sign", async () => {
  const rig = await watched();
  for (let index = 0; index < 4; index++) await rig.quarter(index, 100);
  await rig.desk.proposer.answer(site, disputeOf(proposed(rig.desk.down), "settlement-energy-differs"));
  for (let index = 4; index < 12; index++) await rig.quarter(index, 100);
  expect((await cases(rig.desk)).map(({ source }) => source)).toEqual(["home", "aggregator"]);
});

it("says nothing of a home while the chain is away and no signature can be checked, and gives it its time anew", async () => {
  const rig = await watched();
  const { desk } = rig;
  for (let index = 0; index < 4; index++) await rig.quarter(index, 100);
  desk.network.chain = false;
  await rig.sign();
  for (let index = 4; index < 14; index++) await rig.quarter(index, 100);
  expect(await cases(desk)).toEqual([]);
  expect(desk.log.lines.at(-1)?.fields).toMatchObject({ code: "chain-unreachable" });
  desk.network.chain = true;
  await rig.step();
  expect(await cases(desk)).toEqual([]);
  for (let seq = 1; seq <= 3; seq++) await rig.sign();
  expect([(await desk.store.newestRecord(site))?.state, await cases(desk, false)]).toEqual(["cosigned", []]);
});

it("opens no case where nothing was proposed, or no import was metered", async () => {
  const idle = await watched();
  await idle.desk.clock.advance(10 * hourMs);
  await idle.step();
  await idle.desk.clock.advance(2 * hourMs);
  await idle.step();
  expect(await cases(idle.desk)).toEqual([]);
  const dry = await watched();
  // Hours without import are no record; the one with it is signed.
  for (let index = 0; index < 4; index++) await dry.quarter(index, 100);
  await dry.sign();
  for (let index = 4; index < 24; index++) await dry.quarter(index, 0);
  expect(await cases(dry.desk)).toEqual([]);
});

it("names energy that no announced price is known for apart", async () => {
  const rig = await watched({ agreement: { periodS: 86_400 } });
  for (let index = 0; index < 100; index++) await reported(rig.desk.store, index, [10]);
  await rig.desk.clock.advance(26 * hourMs);
  await rig.step();
  const debt = await unsignedImport(rig.desk.store, site, rig.desk.clock.now());
  expect(debt).toMatchObject({ wh: 1000, unpricedWh: 40 });
});
