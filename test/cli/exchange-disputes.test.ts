import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { domain, tradedDesk } from "../market/desk/desk-rig.ts";
import { runProgram } from "../fake/run-program.ts";

/** A running exchange with one participant that has refused its first record; the path of its configuration. */
async function refusedRecord(): Promise<string> {
  const { rig, roof } = await tradedDesk();
  await rig.at("2026-06-10T11:16:00Z");
  await rig.talk(roof);
  const { seq, digest } = await rig.running.records.newest(roof.owner).then((one) => ({ seq: 1, digest: one?.digest ?? "" }));
  const own = { wh: 0 };
  await rig.talk(roof, [{ v: 1, kind: "disputed", seq, digest, code: "settlement-trade-unknown", message: "not mine", own }]);
  const folder = dirname(rig.file);
  const names = rig.traders.map(({ name, signed }) => {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(signed));
    return [name, { agreement_file: `${name}.json` }] as const;
  });
  const file = join(folder, "exchange.yaml");
  const settlement = {
    key: "exchange",
    passphrase_file: "passphrase",
    chain_id: domain.chainId,
    contract: domain.contract,
    rpc_url: "http://127.0.0.1:1",
  };
  const exchange = { participants: Object.fromEntries(names), settlement };
  writeFileSync(file, stringify({ version: 1, id: "exchange", exchange, storage: { path: "market.db" } }));
  return file;
}

it("lists what participants do not sign, and decides it while the exchange runs", async () => {
  const file = await refusedRecord();
  const disputes = (...args: string[]) => runProgram(["market", "exchange", "disputes", ...args, "-c", file]);
  const listed = await disputes("list", "--json");
  expect(listed.code).toBe(1);
  expect(JSON.parse(listed.out)).toMatchObject({
    items: [{ id: 1, name: "roof", seq: 1, code: "settlement-trade-unknown", own: { wh: 0 }, resolution: null, resolved: null }],
  });
  expect((await disputes("list")).out).toContain("roof/1");
  expect((await disputes("resolve", "7", "skip")).err).toContain("dispute-unknown");
  const resolved = await disputes("resolve", "1", "again", "--json");
  expect([resolved.code, JSON.parse(resolved.out)]).toEqual([0, { id: 1, name: "roof", seq: 1, resolution: "again" }]);
  expect((await disputes("resolve", "1", "again")).err).toContain("dispute-resolved");
  expect(await disputes("list")).toMatchObject({ code: 0, out: "nothing waits\n" });
  expect((await disputes("list", "--all")).out).toContain("resolved: again");
});
