import { readFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { importControlKey, signEnvelope } from "../../core/envelope.ts";
import { Evidence, RecordWire, SettlementUp } from "../../core/message/settlement-message.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { localTimeOf } from "../../core/slots.ts";
import { openWorld } from "../../cli/demo/world.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { composeRecord } from "../../settlement/record/compose-record.ts";
import { flexibilityReward } from "../../settlement/record/flexibility.ts";
import { recordDigest, signRecord } from "../../settlement/record/record.ts";
import { evidenceHash } from "../../settlement/record/reference-hash.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import { Bundle } from "../../settlement/verify/bundle.ts";
import { overallVerdict } from "../../settlement/verify/verdict.ts";
import { verifyBundle } from "../../settlement/verify/verify.ts";
import { houseZone } from "../../simulator/house/local-day.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";

const site = "home-1";
const rule = {
  kind: "flexibility" as const,
  share: 750,
  paidAs: "money" as const,
  control: { resources: ["boiler", "car", "heat_pump"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 96 },
};

/**
 * Dear in the two hours before prices fall in the evening, for which heat pumps are held off, cheap in all others. By the announced
 * prices the difference is small, so that it hung on the thermostat's turns whether anything was earned.
 */
function twoDearHours(prices: PriceSeries): PriceSeries {
  const importPerKwh = prices.importPerKwh.map((_, step) => {
    const hour = localTimeOf(Date.parse(prices.start) + step * prices.stepS * 1000, houseZone).slice(0, 2);
    return hour === "19" || hour === "20" ? "1000000" : "50000";
  });
  return { ...prices, importPerKwh };
}

/** A day in the life of real programs: clock, broker, chain, aggregator, one house and its agent, each a process. */
async function livedDay() {
  const notes: string[] = [];
  const folder = scratch("flexibility");
  const show = { note: (line: string) => void notes.push(line), table: () => undefined };
  const world = await openWorld({ folder, homes: 1, seed: 3, cli: "dist/main.js", show, reward: rule, worth: twoDearHours });
  onTestFinished(() => world.stop());
  await world.start();
  await Promise.race([world.runDay(), world.hopeless]);
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`${world.apiUrl}${path}`);
    return response.json();
  };
  const span = "from=2026-01-19T00:00:00Z&to=2026-01-21T00:00:00Z";
  return { world, get, span };
}

const Events = z.object({
  items: z.array(z.object({ plan: z.string(), resource: z.string(), meter: z.string(), state: z.string() })),
});
const Rewards = z.object({ items: z.array(z.object({ amount: z.string(), earned: z.string(), plans: z.array(z.string()) })) });
const Income = z.object({ items: z.array(z.object({ source: z.string(), micro: z.string() })) });
const Records = z.object({ items: z.array(RecordWire.extend({ state: z.string() })) });

/** A line to the broker with somebody's own password, and what the home says of settlement. */
async function lineAs(world: Awaited<ReturnType<typeof livedDay>>["world"], user: string, folder: string) {
  const password = readFileSync(join(folder, "broker-password"), "utf8").trim();
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${world.files.brokerPort}`, {
    username: user,
    password,
    protocolVersion: 4,
  });
  onTestFinished(() => client.endAsync(true));
  return client;
}

it(
  "an event happens, its reward is paid and recomputed by anybody, and lies about it are refused",
  { timeout: 420_000 },
  async () => {
    const { world, get, span } = await livedDay();

    // The heat pump was held off when a kWh was dear: its own meter shows what that moved.
    const events = Events.parse(await get(`/v1/sites/${site}/events?${span}`)).items;
    const counting = events.filter(({ meter, state }) => meter === "heat_pump" && state === "counts");
    expect(counting.length).toBeGreaterThan(0);
    const [reward] = Rewards.parse(await get(`/v1/sites/${site}/rewards?${span}`)).items;
    expect(BigInt(reward?.amount ?? "0")).toBeGreaterThan(0n);
    expect(BigInt(reward?.amount ?? "0")).toBeLessThanOrEqual((BigInt(reward?.earned ?? "0") * 3n) / 4n + 1n);
    const { items: income } = Income.parse(await get(`/v1/flexibility/income?${span}`));
    const there = income.reduce((sum, { micro }) => sum + BigInt(micro), 0n);
    expect(income.map(({ source }) => source)).toContain("avoided costs");
    expect(BigInt(reward?.amount ?? "0")).toBeLessThanOrEqual(there);

    // Both have signed it, and whoever holds the bundle comes to the same amount.
    const records = Records.parse(await get("/v1/settlements?limit=500")).items;
    const paid = records.find(({ kind }) => kind === "reward");
    expect(paid).toMatchObject({ state: "cosigned", amount: reward?.amount });
    const read = async (): Promise<Bundle> => Bundle.parse(await get(`/v1/settlements/${site}/${paid?.seq}/bundle`));
    const { agreement } = (await read()).agreement;
    const chain = chainClient({ rpcUrl: world.rpcUrl, ...domainOf(agreement) });
    onTestFinished(() => chain.close());
    // The chain takes the time it takes, which no simulated time waits for.
    await until(
      "its epoch is committed",
      async () => overallVerdict(await verifyBundle(await read(), chain)) !== "unknown",
      30_000,
    );
    const bundle = await read();
    expect(overallVerdict(await verifyBundle(bundle, chain))).toBe("good");
    const flexibility = bundle.evidence.flexibility ?? expect.fail("no evidence of flexibility");
    expect(String(flexibilityReward(flexibility, rule))).toBe(bundle.record.amount);
    expect(flexibility.events.map(({ plan }) => plan)).toEqual(reward?.plans);

    // A lie in it is bad, whoever tells it, though all hashes fit.
    const signer = async (place: { keyFile: string; passphraseFile: string }) =>
      openKeystore(place.keyFile, readPassphrase(place.passphraseFile));
    const own = await signer(world.files.aggregator);
    const lied = async (evidence: Evidence, amount: string): Promise<string> => {
      const record = { ...bundle.record, amount, ref: evidenceHash(evidence) };
      const side = agreement.a === agreement.aggregator ? "signatureA" : "signatureB";
      const forged = {
        ...bundle,
        record,
        evidence,
        digest: recordDigest(domainOf(agreement), record),
        [side]: await signRecord(own, domainOf(agreement), record),
      };
      return overallVerdict(await verifyBundle(forged, chain));
    };
    const [first = expect.fail("no event"), ...rest] = flexibility.events;
    const lower = { ...first, slots: first.slots.map((slot) => ({ ...slot, baselineWh: 0 })) };
    expect(await lied(bundle.evidence, String(BigInt(bundle.record.amount) + 1n))).toBe("bad");
    expect(await lied({ ...bundle.evidence, flexibility: { ...flexibility, events: [lower, ...rest] } }, "0")).toBe("bad");

    // The aggregator proposes, by its own keys, what the home's ledger and configuration do not bear out.
    const line = await lineAs(world, "aggregator", world.files.aggregator.folder);
    const said: SettlementUp[] = [];
    line.on("message", (_, payload) => void said.push(SettlementUp.parse(JSON.parse(payload.toString("utf8")))));
    await line.subscribeAsync(`sma/1/community/${site}/up/settle/supply`, { qos: 1 });
    const key = await importControlKey(readJsonFile(join(world.files.aggregator.folder, "control-key.json"), "x"));
    let seq = (world.nowMs() + 3_600_000) * 1000;
    const previous = records.toSorted((one, other) => one.seq - other.seq).at(-1) ?? expect.fail("no record");
    const answerTo = async (evidence: Evidence): Promise<SettlementUp | undefined> => {
      const { start, end } = bundle.record;
      const time = new Date(Math.floor(world.nowMs() / 1000) * 1000).toISOString();
      const salt = `0x${"5a".repeat(32)}`;
      const record = composeRecord({
        kind: "reward",
        start,
        end,
        agreement,
        previous: RecordWire.parse(previous),
        evidence,
        series: null,
        salt,
        time,
      });
      const digest = recordDigest(domainOf(agreement), record);
      const body = { kind: "proposal", record, evidence };
      const text = await signEnvelope(key, { type: "settlement", site, seq: seq++, nowMs: world.nowMs(), lifetimeS: 3600, body });
      await line.publishAsync(`sma/1/community/${site}/dn/settle/supply`, text, { qos: 1 });
      const answer = (): SettlementUp | undefined => said.find((one) => one.kind !== "shown" && one.digest === digest);
      await until("the home answers", () => answer() !== undefined, 30_000);
      return answer();
    };
    // The same day once more, as it was: a reward is paid once.
    expect(await answerTo(bundle.evidence)).toMatchObject({ kind: "disputed", code: "settlement-overlap" });

    // The home cannot claim more: what it signs is not what was proposed.
    const household = await signer(world.files.homes[0] ?? expect.fail("no home"));
    const more = { ...bundle.record, amount: String(BigInt(bundle.record.amount) + 1_000_000n) };
    const claim = {
      v: 1,
      kind: "signed",
      seq: more.seq,
      digest: recordDigest(domainOf(agreement), more),
      signature: await signRecord(household, domainOf(agreement), more),
    };
    const homeLine = await lineAs(world, site, world.files.homes[0]?.folder ?? "");
    await homeLine.publishAsync(`sma/1/community/${site}/up/settle/supply`, JSON.stringify(claim), { qos: 1 });
    const log = (): string => readFileSync(join(world.files.logFolder, "aggregator.log"), "utf8");
    await until("the aggregator notices", () => log().includes("signature for a record we did not propose"), 30_000);
    const after = Records.parse(await get("/v1/settlements?limit=500")).items.find(({ seq: number }) => number === more.seq);
    expect(after?.amount).toBe(bundle.record.amount);
  },
);
