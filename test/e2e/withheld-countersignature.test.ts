import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Wallet } from "ethers";
import { expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../agent/store/open-database.ts";
import { settlementStores } from "../../agent/store/settlement-stores.ts";
import { chainProbe } from "../../settlement/chain/chain-probe.ts";
import { writeKeystore } from "../../settlement/keys/keystore.ts";
import { recordDigest, signRecord } from "../../settlement/record/record.ts";
import { agentHouse, houseStartMs } from "../fake/agent-house.ts";
import { anvilKeys, startAnvil } from "../fake/anvil.ts";
import { until } from "../fake/until.ts";
import {
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  household,
  midnightS,
  signBoth,
} from "../settlement/fixture.ts";
import { openMarket, registerBoth } from "../settlement/market.ts";

const minuteMs = 60_000;

/** A house whose journal has two records that it signed and the aggregator did not. It is 12:00. */
async function withheld() {
  const anvil = await startAnvil({ timestamp: midnightS - 86_400 });
  const market = await openMarket(anvil);
  const { domain } = market;
  await registerBoth(market);
  await market.warpTo(houseStartMs / 1000);
  const house = await agentHouse((yaml) => ({
    ...yaml,
    settlement: {
      key: "home",
      passphrase_file: "pass",
      agreement_file: "agreement.json",
      chain_id: domain.chainId,
      contract: domain.contract,
      rpc_url: anvil.url,
      finality: "latest",
      publish: { key: "gas" },
    },
  }));
  const keys = join(house.folder, "keys");
  mkdirSync(keys, { mode: 0o700 });
  writeFileSync(join(house.folder, "pass"), "long enough to be one\n", { mode: 0o600 });
  await writeKeystore(join(keys, "home.json"), household.signer, "long enough to be one", { scryptN: 1024 });
  await writeKeystore(join(keys, "gas.json"), new Wallet(anvilKeys[2]), "long enough to be one", { scryptN: 1024 });
  const agreement = exampleAgreement(domain, { site: "gw-1", reward: { kind: "per_day", amount: "0" } });
  writeFileSync(join(house.folder, "agreement.json"), JSON.stringify(await signBoth(agreement)));
  const pair = `${agreement.a}-${agreement.b}`;
  const first = exampleRecord(domain, { agreement });
  const second = exampleRecord(domain, {
    agreement,
    previous: first,
    startS: 3600,
    evidence: exampleEvidence("import", [1, 2, 3, 4], 3600),
  });
  const db = openDatabase(house.databaseFile);
  const { records } = settlementStores(db);
  for (const record of [first, second]) {
    const digest = recordDigest(domain, record);
    records.add(pair, { record, digest, evidence: exampleEvidence("import", [1, 2, 3, 4]) }, houseStartMs);
    records.signed(pair, record.seq, await signRecord(household.signer, domain, record));
  }
  db.close();
  const probe = chainProbe({ ...domain, rpcUrl: anvil.url });
  onTestFinished(async () => {
    probe.close();
    market.close();
    await anvil.stop();
  });
  return { house, domain, second, published: () => probe.published(agreement.a, agreement.b, 0) };
}

it("leaves the aggregator that withholds two countersignatures, publishes the newest record alone, and follows again once it has them", async () => {
  const { house, domain, second, published } = await withheld();
  const agent = await house.start();
  let importWh = 100_000;
  /** Minutes with a telegram and a heartbeat each. */
  const pass = async (minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes; minute++) {
      await house.down("heartbeat", await house.sign("heartbeat", {}));
      await house.hear(agent, (importWh += 10));
      await house.clock.advance(minuteMs);
    }
  };
  const boiler = () => agent.status().appliances.find(({ name }) => name === "boiler");
  await pass(1);
  const list = house.instructions("boiler", true, 240);
  await house.down("instr/boiler", await house.sign("instruction", list));
  await until("the instruction is followed", () => boiler()?.reason === "cheapest time" && house.board.coils.get(0) === true);
  await pass(57);
  expect([agent.status().settlements.hasLeft, boiler()?.reason]).toEqual([false, "cheapest time"]);
  await pass(4);
  expect(agent.status().settlements).toMatchObject({ signed: 2, countersigned: 0, hasLeft: true });
  expect(boiler()?.reason).not.toBe("cheapest time");
  expect(boiler()?.on).toBe(false);

  const refused = house.instructions("boiler", true, 240);
  await house.down("instr/boiler", await house.sign("instruction", refused));
  await until("it is refused", () => house.upward(`ack/${refused.plan}`).length === 1);
  expect(JSON.parse(house.upward(`ack/${refused.plan}`)[0] ?? "")).toMatchObject({
    status: "REJECTED",
    code: "settlement-countersignature-missing",
  });
  const said = house.upward("settle/supply").map((text) => JSON.parse(text) as { kind: string; code?: string; seq: number });
  expect(said.filter(({ kind }) => kind === "signed").map(({ seq }) => seq)).toEqual(expect.arrayContaining([1, 2]));
  expect(said.find(({ kind }) => kind === "disputed")).toMatchObject({ code: "settlement-countersignature-missing", seq: 2 });
  expect(await published()).toEqual([]);
  await pass(12);
  const found = await published();
  expect(found.map(({ record }) => record)).toEqual([second]);
  expect([found[0]?.signatureA, found[0]?.signatureB].filter((signature) => signature === "0x").length).toBe(1);

  const signature = await signRecord(aggregator.signer, domain, second);
  const message = { kind: "countersigned", seq: 2, digest: recordDigest(domain, second), signature };
  await house.down("settle/supply", await house.sign("settlement", message));
  await until("it follows again", () => !agent.status().settlements.hasLeft);
  const next = house.instructions("boiler", true, 240);
  await house.down("instr/boiler", await house.sign("instruction", next));
  await until("it is acknowledged", () => house.upward(`ack/${next.plan}`).length === 1);
  expect(JSON.parse(house.upward(`ack/${next.plan}`)[0] ?? "")).toMatchObject({ status: "ACCEPTED" });
  await pass(1);
  await until("the instruction is followed", () => boiler()?.reason === "cheapest time");
});
