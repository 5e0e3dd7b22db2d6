import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readFeeders } from "../../../aggregator/config/read-feeders.ts";
import { writeKeystore } from "../../../settlement/keys/keystore.ts";
import type { GridAgreement } from "../../../settlement/record/grid-agreement.ts";
import { agreementHash } from "../../../settlement/record/sign-agreement.ts";
import { runCli } from "../../fake/run-cli.ts";
import { scratch } from "../../fake/scratch.ts";
import { addressOf, aggregator, keyOf, partyA, partyB } from "../../settlement/fixture.ts";

const agreement: GridAgreement = {
  v: 1,
  kind: "grid",
  a: partyA.owner,
  b: partyB.owner,
  signerA: addressOf(partyA.signer),
  signerB: addressOf(partyB.signer),
  aggregator: aggregator.owner,
  from: "2026-03-01T23:00:00.000Z",
  until: "2027-03-01T23:00:00.000Z",
  timezone: "Europe/Amsterdam",
  currency: "EUR",
  feeders: [{ feeder: "elm", importLimitW: 8000, day: [], charges: [], availabilityPerDay: "0" }],
  settlementContract: `0x${"5e".repeat(20)}`,
  chainId: 31_337,
};

it("a contract with a grid operator is signed and checked by the same verbs, and read by the aggregator", async () => {
  const folder = scratch("grid-agreement");
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const pass = file("pass", "long enough to be one\n");
  const run = (...args: string[]) => runCli(["settlement", "agreement", ...args]);
  const sign = async (from: string, name: string, wallet: ReturnType<typeof keyOf>) => {
    const key = join(folder, `${name}.json`);
    await writeKeystore(key, wallet, "long enough to be one", { scryptN: 1024 });
    return run("sign", from, "--key", key, "--passphrase-file", pass);
  };
  const draft = file("draft.json", JSON.stringify({ agreement }));
  const half = file("half.json", (await sign(draft, "one", partyA.signer)).out);
  expect(await run("check", half)).toMatchObject({ code: 1, out: expect.stringContaining("has not signed") });
  const whole = file("whole.json", (await sign(half, "other", partyB.signer)).out);
  const hash = agreementHash(agreement);
  expect(await run("check", whole)).toMatchObject({
    code: 0,
    out: expect.stringContaining(`good  agreement ${hash} for feeders elm`),
  });
  const elm = { name: "elm", importLimitW: 9000, day: [], timezone: "UTC", sites: ["a"], agreementFile: whole };
  expect(readFeeders([elm])).toMatchObject([{ grid: { agreement: hash, terms: agreement.feeders[0] } }]);
  expect(await sign(whole, "stranger", keyOf("stranger"))).toMatchObject({
    code: 2,
    err: expect.stringContaining("keystore-unexpected-key"),
  });
  const wrong = file("wrong.json", JSON.stringify({ agreement: { ...agreement, feeders: [] } }));
  expect(await run("check", wrong)).toMatchObject({ code: 2, err: expect.stringContaining("feeders") });
});
