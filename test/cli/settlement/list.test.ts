import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { settlementList } from "../../../cli/settlement/list.ts";
import { settlementShow } from "../../../cli/settlement/show.ts";
import { settlementVerify } from "../../../cli/settlement/verify.ts";
import { errorCode } from "../../../core/app-error.ts";
import type { Bundle } from "../../../settlement/verify/bundle.ts";
import { recordHead } from "../../../settlement/record/record.ts";
import { homeOnChain } from "../../agent/settle/home-on-chain.ts";
import { agentYamlWith } from "../../fake/agent-yaml.ts";
import { scratch } from "../../fake/scratch.ts";
import { aggregator, bothSign, signBoth } from "../../settlement/fixture.ts";

/** A home with two records that both signed, one that waits, and the files that the commands read. */
async function gateway() {
  const home = await homeOnChain({ pricesFirst: true });
  const folder = scratch("settlement");
  const config = join(folder, "agent.yaml");
  const settlement = [
    "aggregator:",
    "  { id: agg, gateway_id: gw-4711, broker_url: 'mqtts://broker.example', control_keys: [{ kty: OKP, crv: Ed25519, kid: k, x: AA }] }",
    `settlement: { key: home, passphrase_file: pass, agreement_file: agreement.json, chain_id: ${home.domain.chainId}, contract: '${home.domain.contract}', rpc_url: '${home.anvil.url}' }`,
  ];
  writeFileSync(config, agentYamlWith("storage: { path: data.db }", `storage: { path: '${home.db.name}' }`, ...settlement));
  writeFileSync(join(folder, "agreement.json"), JSON.stringify(await signBoth(home.agreement)));
  mkdirSync(join(folder, "out"));
  const said = async (run: (say: (line: string) => void) => Promise<number>): Promise<string[]> => {
    const lines: string[] = [];
    expect(await run((line) => lines.push(line))).toBe(0);
    return lines;
  };
  return { home, config, said, out: (name: string) => join(folder, "out", name) };
}

it("lists what was signed, and writes a bundle with which every check is good", async () => {
  const { home, config, said, out } = await gateway();
  const [first, second] = [await home.cosigned("import", 0), await home.cosigned("export", 0)];
  const waiting = home.next("import", 1);
  await home.sign(waiting);
  await home.room.included(await home.commit(2, [first, second]));
  await home.chores(false);
  await home.market.funder.settle(recordHead(second), ...(await bothSign(home.domain, second)));

  const listed = await said((say) => settlementList({ config, from: "1", limit: "100", json: true }, say));
  expect(listed.map((line) => JSON.parse(line) as object)).toMatchObject([
    { seq: 1, kind: "import", state: "cosigned", inclusion: { epoch: 2, by: aggregator.owner }, inclusionFinal: true },
    { seq: 2, kind: "export", wh: second.wh, amountMicro: second.amount, state: "cosigned", publishedTx: null },
    { seq: 3, kind: "import", state: "signed", inclusion: null },
  ]);
  const plain = await said((say) => settlementList({ config, from: "2", limit: "1" }, say));
  expect(plain).toEqual([expect.stringMatching(/^2 export .* to the home, cosigned, epoch 2$/)]);

  const shown = await said((say) => settlementShow("2", { config, bundle: out("two.json"), json: true }, say));
  expect(JSON.parse(shown[0] ?? "")).toMatchObject({ seq: 2, record: second, bundle: out("two.json") });
  const bundle = JSON.parse(readFileSync(out("two.json"), "utf8")) as Bundle;
  expect(bundle.pricesInclusion).toMatchObject({ epoch: 1 });
  const verdict = await said((say) => settlementVerify(out("two.json"), { rpc: home.anvil.url }, say));
  expect(verdict.filter((line) => !/^(good|note:)/.test(line))).toEqual(["verdict: good"]);
  expect((await said((say) => settlementShow("3", { config }, say)))[0]).toMatch(/^seq +3$/);
});

it("says what it has not got", async () => {
  const { home, config, said, out } = await gateway();
  await home.sign(home.next("import", 0));
  const codeOf = (seq: string, bundle?: string) =>
    settlementShow(seq, { config, ...(bundle !== undefined && { bundle }) }, () => undefined).then(() => "shown", errorCode);
  expect(await codeOf("9")).toBe("settlement-unknown-record");
  expect(await codeOf("none")).toBe("usage-bad-number");
  expect(await codeOf("1", out("one.json"))).toBe("settlement-not-cosigned");
  expect(await said((say) => settlementList({ config, from: "5", limit: "100" }, say))).toEqual([]);
  await home.countersign(home.stores.records.at(home.pair, 1)?.record ?? expect.fail());
  expect(await codeOf("1", out("one.json"))).toBe("shown");
  expect(await codeOf("1", out("one.json"))).toBe("bundle-not-written");
  home.db.exec(`update record set evidence = '{"register":"import","slots":[]}'`);
  expect(await codeOf("1", out("other.json"))).toBe("settlement-evidence-lost");
  home.db.pragma("user_version = 3");
  expect(await codeOf("1")).toBe("store-too-old");
});
