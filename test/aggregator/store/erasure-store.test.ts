import { expect, it } from "vitest";
import { boiler, statusOf } from "../plans.ts";
import { message, midnightMs, sampleItem, scratchStore } from "../rows.ts";

it("deletes what was kept of an erased home after it, and nothing of others, or of one that has enrolled since", async () => {
  const { store } = await scratchStore();
  const sites = ["erased", "again", "other"];
  const tell = async (): Promise<void> => {
    for (const site of sites) {
      await store.ingest(site, message([sampleItem(1)]));
      await store.saveResource(site, boiler);
      await store.saveStatus(site, statusOf("boiler", 1));
    }
  };
  await tell();
  expect(await store.eraseLate()).toBe(0);
  for (const site of ["erased", "again"]) await store.eraseSite(site, midnightMs);
  await store.addCode({ hash: "h", site: "again", expiresMs: midnightMs + 10 });
  const certificate = {
    serial: "0a",
    site: "again",
    keyHash: "k",
    pem: "",
    issuedMs: midnightMs + 1,
    notAfterMs: midnightMs + 9,
  };
  expect(await store.redeem("h", { ...certificate, revokedMs: null })).toBe(true);
  // It had been taken before, and waited for the database.
  await tell();
  // A row, its run, an appliance and its state.
  expect(await store.eraseLate()).toBe(4);
  expect((await store.itemCounts()).map(({ site }) => site).toSorted()).toEqual(["again", "other"]);
  expect([await store.resources("erased"), await store.statuses("erased")]).toEqual([[], []]);
  expect((await store.resources("again")).length).toBe(1);
  expect(await store.eraseLate()).toBe(0);
});
