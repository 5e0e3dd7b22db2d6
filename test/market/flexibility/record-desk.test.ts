import { Wallet } from "ethers";
import { expect, it } from "vitest";
import { recordDesk } from "../../../market/flexibility/record-desk.ts";
import type { MarketRecordStore } from "../../../market/store/market-record-store.ts";
import type { SignedGridAgreement } from "../../../settlement/record/grid-agreement.ts";
import { silentLog } from "../../fake/silent-log.ts";

it("is idle when what was begun is done, so that the store can be closed", async () => {
  const asked = Promise.withResolvers<null>();
  const steps: string[] = [];
  const store: Partial<MarketRecordStore> = {
    newest: async () => {
      steps.push("asked");
      await asked.promise;
      steps.push("answered");
      return null;
    },
  };
  const desk = recordDesk({
    domain: "dso.example",
    agreements: new Map([["one.example", {} as SignedGridAgreement]]),
    signer: Wallet.createRandom(),
    chain: { partyOf: () => Promise.reject(new Error("not asked here")) },
    store: store as MarketRecordStore,
    sessions: () => new Map(),
    send: () => undefined,
    salt: () => "",
    uuid: () => "",
    now: () => 0,
    log: silentLog(),
  });
  const advanced = desk.advance();
  const idle = desk.idle().then(() => steps.push("idle"));
  await new Promise(setImmediate);
  expect(steps).toEqual(["asked"]);
  asked.resolve(null);
  await Promise.all([advanced, idle]);
  expect(steps).toEqual(["asked", "answered", "idle"]);
});
