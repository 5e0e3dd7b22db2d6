import { expect, it } from "vitest";
import { resolveDispute, viewDispute } from "../../../aggregator/settle/resolve-dispute.ts";
import { errorCode } from "../../../core/app-error.ts";
import { household } from "../../settlement/fixture.ts";
import { bootTwo, message, slotItem } from "../rows.ts";
import { type Desk, disputeOf, openDesk, proposed, reported, signedBy, site } from "./home-double.ts";

const hourMs = 3_600_000;

/** A desk whose home disputes the first hour: its ledger says that the second quarter was another. */
async function disputed(ownWh = 40): Promise<Desk> {
  const desk = await openDesk();
  await reported(desk.store, 0, [10, 20, 30, 40]);
  await desk.clock.advance(hourMs);
  await desk.proposer.advance(site);
  const record = proposed(desk.down);
  await desk.proposer.answer(site, { ...disputeOf(record, "settlement-energy-differs"), own: { wh: ownWh } } as never);
  return desk;
}

const only = async (desk: Desk) =>
  (await desk.store.disputes({ open: true, limit: 10 }))[0] ?? expect.fail("nothing is disputed");
const states = async (desk: Desk) =>
  (await desk.store.records(null, 10)).map(({ record, state }) => [record.seq, record.wh, state]);

it("queues a dispute with the figures of both sides, and what the slots give", async () => {
  const desk = await disputed();
  const view = await viewDispute(desk.store, await only(desk), desk.clock.now());
  expect(view).toMatchObject({
    site,
    seq: 1,
    source: "home",
    code: "settlement-energy-differs",
    own: { wh: 40 },
    proposed: { wh: 100 },
    slots: { first: 100, last: 100 },
    resolution: null,
  });
});

it("proposes again under the same number from the slots that are here now", async () => {
  const desk = await disputed();
  const before = proposed(desk.down);
  await resolveDispute(desk.store, (await only(desk)).id, "again", 5, "cli test");
  await desk.proposer.advance(site);
  const again = proposed(desk.down);
  expect(again).toMatchObject({ seq: before.seq, start: before.start, end: before.end, prev: before.prev, wh: 100 });
  expect(again.salt).not.toBe(before.salt);
  await desk.proposer.answer(site, await signedBy(household.signer, again));
  expect(await states(desk)).toEqual([[1, 100, "cosigned"]]);
  expect(await desk.store.disputes({ open: true, limit: 10 })).toEqual([]);
  expect(await desk.store.disputes({ open: false, limit: 10 })).toMatchObject([{ resolution: "again", resolvedMs: 5 }]);
});

it("does not countersign the record that was taken back", async () => {
  const desk = await disputed();
  const before = proposed(desk.down);
  await resolveDispute(desk.store, (await only(desk)).id, "again", 5, "cli test");
  await desk.proposer.advance(site);
  await desk.proposer.answer(site, await signedBy(household.signer, before));
  expect(await states(desk)).toEqual([[1, 100, "proposed"]]);
});

it("takes the slots that the home sent last where they give its figure, and not before", async () => {
  const desk = await disputed(87);
  const { id } = await only(desk);
  expect(await resolveDispute(desk.store, id, "home", 5, "cli test").catch(errorCode)).toBe("dispute-no-such-figures");
  await desk.store.ingest(site, message([slotItem(1, 1, 7)], bootTwo));
  expect((await viewDispute(desk.store, await only(desk), desk.clock.now())).slots).toEqual({ first: 100, last: 87 });
  await resolveDispute(desk.store, id, "home", 5, "cli test");
  await desk.restart();
  await desk.proposer.advance(site);
  expect(proposed(desk.down)).toMatchObject({ seq: 1, wh: 87 });
  // For that period only.
  await desk.proposer.answer(site, await signedBy(household.signer, proposed(desk.down)));
  await reported(desk.store, 4, [1, 1, 1, 1]);
  await desk.store.ingest(site, message([slotItem(2, 5, 900)], bootTwo));
  await desk.clock.advance(hourMs);
  await desk.proposer.advance(site);
  expect(proposed(desk.down)).toMatchObject({ seq: 2, wh: 4 });
});

it("leaves the period out and goes on with the next under the same number", async () => {
  const desk = await disputed();
  await resolveDispute(desk.store, (await only(desk)).id, "skip", 5, "cli test");
  await reported(desk.store, 4, [5, 5, 5, 5]);
  await desk.clock.advance(hourMs);
  await desk.proposer.advance(site);
  expect(proposed(desk.down)).toMatchObject({ seq: 1, wh: 20, start: "2026-03-02T00:00:00.000Z" });
});

it("decides each dispute once, and none that is not there or is the chain's", async () => {
  const desk = await disputed();
  const { id, record } = await only(desk);
  await desk.store.addDispute({ site, seq: 1, source: "chain", code: "c", message: "m", own: {}, record, atMs: 1 });
  await resolveDispute(desk.store, id, "skip", 5, "cli test");
  const codes = await Promise.all(
    [id, 99, id + 1].map((number) => resolveDispute(desk.store, number, "again", 6, "cli test").catch(errorCode)),
  );
  expect(codes).toEqual(["dispute-resolved", "dispute-unknown", "dispute-not-by-home"]);
  expect((await desk.store.disputeOf(id))?.resolution).toBe("skip");
});

it("leaves a dispute open whose record is disputed no more", async () => {
  const desk = await disputed();
  await desk.store.updateRecord(site, 1, { state: "cosigned" });
  const { id } = await only(desk);
  expect(await resolveDispute(desk.store, id, "again", 5, "cli test").catch(errorCode)).toBe("dispute-resolved");
  expect([await states(desk), (await only(desk)).id]).toEqual([[[1, 100, "cosigned"]], id]);
});
