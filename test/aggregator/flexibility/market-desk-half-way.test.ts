import { expect, it } from "vitest";
import { powerOf } from "../../../core/message/uftp.ts";
import { boiler } from "../plans.ts";
import { day, market, most, tighten } from "./market-rig.ts";

it("takes back what it has offered in room that its operator left only for a while, also after a restart between two offers", async () => {
  const one = await market();
  await tighten(one, "elm", null, 3000);
  await one.ask(5000);
  await one.ask(5000);
  one.restart();
  await one.store.endWords({ kind: "feeder", name: "elm" }, one.clock.now());
  await one.desk.followOperators();
  const second = await one.ask(5000);
  expect(most(second)).toBeGreaterThan(3100);
  expect(one.revoked()).not.toContain(second.MessageID);
  await tighten(one, "elm", null, 3100);
  await one.step();
  expect(one.revoked()).toContain(second.MessageID);
});

it("tells no other prognosis after a restart while what it has offered stands", async () => {
  const one = await market();
  const offer = await one.ask(5000);
  one.restart();
  await one.step();
  const told = one.sessions()[0]?.prognosisW;
  await one.store.saveResource("gw-0", { ...boiler, resource: "another" });
  await one.clock.advance(11 * 60_000);
  await one.step();
  expect(one.sessions()[0]?.prognosisW).toEqual(told);
  expect(await one.order(offer)).toMatchObject({ Result: "Accepted" });
  expect((await one.store.flexOrder(offer.MessageID))?.baselineW).toEqual(told);
});

it("tells a prognosis that could not be kept the next time", async () => {
  let fails = false;
  const one = await market((store) => ({
    saveFlexPrognosis: (...kept) => (fails ? Promise.reject(new Error("disk full")) : store.saveFlexPrognosis(...kept)),
  }));
  const told = one.sessions()[0]?.prognosisW;
  await one.store.saveResource("gw-0", { ...boiler, resource: "another" });
  await one.clock.advance(11 * 60_000);
  fails = true;
  await expect(one.step()).rejects.toThrow("disk full");
  expect(one.sessions()[0]?.prognosisW).toEqual(told);
  fails = false;
  await one.clock.advance(11 * 60_000);
  await one.step();
  const [first, second] = one.said.flatMap((message) =>
    message.Message === "DPrognosis" ? [powerOf(message.ISPs, day.length)] : [],
  );
  expect([first, second?.[0]]).toEqual([told, one.sessions()[0]?.prognosisW[0]]);
});

it.each(["asking what is lost", "taking back"])(
  "accepts after a restart no order of what is lost, also when the order comes again because %s failed",
  async (what) => {
    let fails = false;
    const one = await market((store) => ({
      revokeFlexOffer: (id) => (fails ? Promise.reject(new Error("connection lost")) : store.revokeFlexOffer(id)),
    }));
    const offer = await one.ask(5000);
    await one.store.eraseSite("gw-0", one.clock.now());
    one.restart();
    fails = what === "taking back";
    one.world.isDeaf = !fails;
    await expect(one.order(offer)).rejects.toThrow("connection lost");
    fails = false;
    one.world.isDeaf = false;
    expect(await one.order(offer)).toMatchObject({
      Result: "Rejected",
      RejectionReason: expect.stringContaining("flex-order-revoked"),
    });
  },
);

it.each(["", ", also after a restart"])("knows an order by the prognosis that the grid operator has taken%s", async (when) => {
  const one = await market();
  if (when !== "") {
    one.restart();
    await one.step();
  }
  for (const resource of ["another", "third"]) {
    await one.store.saveResource("gw-0", { ...boiler, resource });
    await one.clock.advance(11 * 60_000);
    await one.step();
  }
  const [first, ...later] = one.said.flatMap((message) => (message.Message === "DPrognosis" ? [message] : []));
  const offer = await one.ask(5000);
  if (when !== "") one.restart();
  // The later ones were too late for the gate.
  expect(later).toHaveLength(when === "" ? 2 : 3);
  expect(await one.order(offer, offer.MessageID, first?.MessageID)).toMatchObject({ Result: "Accepted" });
  expect((await one.store.flexOrder(offer.MessageID))?.baselineW).toEqual(powerOf(first?.ISPs ?? [], day.length));
});
