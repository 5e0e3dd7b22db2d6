import { id } from "ethers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bundle } from "../../../settlement/verify/bundle.ts";
import type { ChainReader } from "../../../settlement/chain/chain-reader.ts";
import { type ChainClient, chainClient } from "../../../settlement/chain/chain-client.ts";
import { buildEpoch } from "../../../settlement/log/epoch.ts";
import { recordDigest, recordHead, signRecord } from "../../../settlement/record/record.ts";
import { checkNames, overallVerdict } from "../../../settlement/verify/verdict.ts";
import { type Finding, quickVerdict, verifyBundle } from "../../../settlement/verify/verify.ts";
import { type Anvil, startAnvil } from "../../fake/anvil.ts";
import {
  addressOf,
  aggregator,
  bothSign,
  exampleAgreement,
  exampleBundle,
  exampleEvidence,
  exampleRecord,
  exampleTariffEpoch,
  household,
  householdIsA,
  keyOf,
  midnightS,
  noEvidence,
  signBoth,
} from "../fixture.ts";
import { fund, type Market, openMarket, registerBoth } from "../market.ts";

let anvil: Anvil;
let market: Market;
let chain: ChainClient;
let bundle: Bundle;

/** The bundle's record is committed by the aggregator and settled. */
beforeAll(async () => {
  anvil = await startAnvil({ timestamp: midnightS - 86_400 });
  market = await openMarket(anvil);
  chain = market.funder;
  await registerBoth(market);
  bundle = await exampleBundle(market.domain);
  const logger = await market.clientOf(aggregator.signer.privateKey);
  const tariff = exampleTariffEpoch();
  await logger.commit(aggregator.owner, 1, tariff.root, tariff.count, "0x");
  await market.warpTo(midnightS + 86_400);
  await fund(market, household.owner, 1_000_000_000n);
  await chain.settle(recordHead(bundle.record), bundle.signatureA, bundle.signatureB);
  const { by, epoch, root, count } = bundle.inclusion ?? expect.fail("no inclusion");
  await logger.commit(by, epoch, root, count, "0x");
});
afterAll(async () => {
  market.close();
  await anvil.stop();
});

/** The same answers of the real chain, each asked for once. */
function remembered(reader: ChainReader): ChainReader {
  const answers = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, question: () => Promise<T>): Promise<T> => {
    const answer = (answers.get(key) as Promise<T> | undefined) ?? question();
    answers.set(key, answer);
    return answer;
  };
  return {
    chainId: reader.chainId,
    contract: reader.contract,
    partyOf: (owner) => once(`party ${owner}`, () => reader.partyOf(owner)),
    keyOf: (signer) => once(`key ${signer}`, () => reader.keyOf(signer)),
    pairOf: (a, b) => once(`pair ${a} ${b}`, () => reader.pairOf(a, b)),
    readCommit: (by, epoch) => once(`commit ${by} ${epoch}`, () => reader.readCommit(by, epoch)),
  };
}

const verdictOf = (findings: Finding[], name: Finding["check"]) => findings.find(({ check }) => check === name)?.verdict;
const withVerdict = (findings: Finding[], verdict: Finding["verdict"]) =>
  findings.filter((finding) => finding.verdict === verdict).map(({ check }) => check);

const chainsPart = ["prices-committed", "root-on-chain", "settled"];

describe("a good bundle", () => {
  it("is good in every check with the chain", async () => {
    const findings = await verifyBundle(bundle, chain);
    expect(findings.map(({ check }) => check)).toEqual(checkNames);
    expect(withVerdict(findings, "good")).toEqual(checkNames);
    expect(overallVerdict(findings)).toBe("good");
    expect(await quickVerdict(bundle, chain)).toBe("good");
    expect(await quickVerdict(bundle, null)).toBe("unknown");
  });

  it("is good with signatures of owners and of keys that were rotated out later, and of no others", async () => {
    const endS = Date.parse(bundle.record.end) / 1000;
    const revokedAt = (until: number, revoked: boolean) => ({ owner: household.owner, since: 0, until, revoked });
    const signatures = async (one: Bundle, key: Awaited<ReturnType<ChainReader["keyOf"]>>) => {
      const reader: ChainReader = {
        ...remembered(chain),
        keyOf: (signer) => (signer === addressOf(household.signer) ? Promise.resolve(key) : chain.keyOf(signer)),
      };
      return verdictOf(await verifyBundle(one, reader), "signatures");
    };
    expect(await signatures(bundle, revokedAt(endS, false))).toBe("good");
    expect(await signatures(bundle, revokedAt(endS - 1, false))).toBe("bad");
    expect(await signatures(bundle, revokedAt(endS, true))).toBe("unknown");
    expect(await signatures(bundle, { ...revokedAt(endS, false), owner: aggregator.owner })).toBe("bad");
    expect(await signatures(bundle, undefined)).toBe("bad");
    const byOwner = await signRecord(household.cold, market.domain, bundle.record);
    const cold = { ...bundle, ...(householdIsA ? { signatureA: byOwner } : { signatureB: byOwner }) };
    expect(await signatures(cold, undefined)).toBe("good");
  });

  it("stays good when newer records are settled", async () => {
    const before = await exampleBundle(market.domain);
    const first = before.previous ?? expect.fail("no previous");
    const [signatureA, signatureB] = await bothSign(market.domain, first);
    const older: Bundle = {
      ...before,
      record: first,
      previous: null,
      evidence: exampleEvidence("import", [151, 0, 87, 1203]),
      digest: recordDigest(market.domain, first),
      signatureA,
      signatureB,
    };
    const { digest } = older;
    const epoch = buildEpoch([digest, before.digest, id("other 1"), id("other 2"), id("other 3")]);
    older.inclusion = { ...(before.inclusion ?? expect.fail()), proof: epoch.proofOf(digest) };
    expect(withVerdict(await verifyBundle(older, chain), "good")).toEqual(checkNames);
  });

  it("leaves only the chain's part unknown offline", async () => {
    const findings = await verifyBundle(bundle, null);
    expect(withVerdict(findings, "unknown")).toEqual(chainsPart);
    expect(withVerdict(findings, "bad")).toEqual([]);
    expect(overallVerdict(findings)).toBe("unknown");
  });

  it("is unknown, not bad, when the chain does not answer or is the wrong one", async () => {
    for (const options of [{ rpcUrl: "http://127.0.0.1:9" }, { rpcUrl: "http://127.0.0.1:9/none" }]) {
      const away = chainClient({ ...options, ...market.domain });
      expect(withVerdict(await verifyBundle(bundle, away), "unknown")).toEqual(chainsPart);
      away.close();
    }
  });

  it("is bad against another contract than the verifier trusts", async () => {
    const other = chainClient({ rpcUrl: anvil.url, chainId: market.domain.chainId, contract: market.token });
    expect(withVerdict(await verifyBundle(bundle, other), "bad")).toEqual(chainsPart);
    other.close();
  });

  it("is unknown before it was published or settled", async () => {
    const record = exampleRecord(market.domain, { previous: bundle.record, startS: 3600, series: bundle.prices });
    const [signatureA, signatureB] = await bothSign(market.domain, record);
    const fresh: Bundle = {
      ...bundle,
      record,
      previous: bundle.record,
      evidence: exampleEvidence("import", [151, 0, 87, 1203], 3600),
      digest: recordDigest(market.domain, record),
      signatureA,
      signatureB,
      inclusion: null,
    };
    const findings = await verifyBundle(fresh, chain);
    expect(withVerdict(findings, "unknown")).toEqual(["inclusion", "root-on-chain", "settled"]);
    expect(withVerdict(findings, "bad")).toEqual([]);
  });

  it("can be of a reward, which has neither slots nor prices", async () => {
    const record = exampleRecord(market.domain, { kind: "reward", evidence: noEvidence, series: null, lengthS: 86_400 });
    const [signatureA, signatureB] = await bothSign(market.domain, record);
    const digest = recordDigest(market.domain, record);
    const reward: Bundle = {
      ...bundle,
      record,
      digest,
      evidence: noEvidence,
      prices: null,
      previous: null,
      signatureA,
      signatureB,
    };
    const findings = await verifyBundle(reward, null);
    for (const check of ["evidence", "prices", "amount", "signatures"] as const) expect(verdictOf(findings, check)).toBe("good");
  });
});

describe("a changed bundle", () => {
  type Path = (string | number)[];
  const leaves = (value: unknown, path: Path = []): Path[] => {
    if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, [...path, index]));
    if (typeof value === "object" && value !== null)
      return Object.entries(value).flatMap(([key, item]) => leaves(item, [...path, key]));
    return [path];
  };
  const at = (value: unknown, path: Path): unknown =>
    path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value);
  const changed = (path: Path, to: unknown): unknown => {
    const copy: unknown = structuredClone(bundle);
    const parent = at(copy, path.slice(0, -1)) as Record<string | number, unknown>;
    const key = path.at(-1) ?? expect.fail("a leaf has a name");
    if (to === undefined) delete parent[key];
    else parent[key] = to;
    return copy;
  };
  /** Other values of the same kind, so that most changes pass the schema. */
  const others = (value: unknown): unknown[] => {
    if (typeof value === "number") return [value + 1, value - 1, value * 2];
    if (typeof value !== "string") return [1, "x", true];
    if (/^0x[0-9a-f]+$/.test(value)) {
      const flip = (place: number) => `${value.slice(0, place)}${value[place] === "0" ? "1" : "0"}${value.slice(place + 1)}`;
      return [
        flip(2),
        flip(value.length - 1),
        flip(Math.floor(value.length / 2)),
        `${value.slice(0, -2)}00`,
        value.toUpperCase(),
      ];
    }
    if (/^\d{4}-/.test(value))
      return [
        new Date(Date.parse(value) + 1000).toISOString(),
        new Date(Date.parse(value) - 900_000).toISOString(),
        value.replace("Z", "1Z"),
      ];
    if (/^\d+$/.test(value)) return [String(BigInt(value) + 1n), `0${value}`, `-${value}`];
    return [`${value}x`, "import", "export", "reward", "fee", "Europe/Berlin", "DKK", ""];
  };

  it("is never good, whichever single field it is", async () => {
    const all = leaves(bundle);
    expect(all.length).toBeGreaterThan(90);
    const survivors: string[] = [];
    const reader = remembered(chain);
    for (const path of all) {
      // The hint where to ask proves nothing and is not part of the proof.
      if (path.join(".") === "rpc") continue;
      const value = at(bundle, path);
      for (const to of [...others(value).filter((other) => other !== value), null, undefined]) {
        const verdict = overallVerdict(await verifyBundle(changed(path, to), reader));
        expect(await quickVerdict(changed(path, to), reader)).toBe(verdict);
        if (verdict !== "bad") survivors.push(`${path.join(".")} = ${String(to)}: ${verdict}`);
      }
    }
    expect(survivors).toEqual([]);
  }, 120_000);

  it("is bad offline too, but for what only the chain knows", async () => {
    const survivors = new Set<string>();
    for (const path of leaves(bundle)) {
      const value = at(bundle, path);
      for (const to of others(value).filter((other) => other !== value)) {
        const verdict = overallVerdict(await verifyBundle(changed(path, to), null));
        expect(verdict).not.toBe("good");
        if (verdict !== "bad") survivors.add(path.join("."));
      }
    }
    expect([...survivors].toSorted()).toEqual([
      "inclusion.count",
      "inclusion.epoch",
      "pricesInclusion.count",
      "pricesInclusion.epoch",
    ]);
  }, 120_000);

  it("is unknown or bad without one of its parts", async () => {
    for (const part of ["previous", "inclusion", "prices", "pricesInclusion"] as const)
      expect(overallVerdict(await verifyBundle({ ...bundle, [part]: null }, chain))).not.toBe("good");
    for (const input of [null, [], "text", {}, { ...bundle, extra: 1 }, { ...bundle, record: { ...bundle.record, note: "x" } }]) {
      const findings = await verifyBundle(input, chain);
      expect(verdictOf(findings, "format")).toBe("bad");
      expect(findings).toHaveLength(checkNames.length);
    }
  });

  it("is bad with prices that were committed after the service period had begun", async () => {
    const late = { ...bundle, pricesInclusion: { ...(bundle.inclusion ?? expect.fail("no inclusion")) } };
    expect(withVerdict(await verifyBundle(late, chain), "bad")).toEqual(["prices-committed"]);
    const reader: ChainReader = {
      ...remembered(chain),
      readCommit: async (by, epoch) => {
        const found = await chain.readCommit(by, epoch);
        return found && epoch === 1 ? { ...found, time: midnightS + 1 } : found;
      },
    };
    expect(withVerdict(await verifyBundle(bundle, reader), "bad")).toEqual(["prices-committed"]);
  });

  it("is bad when both parties sign what does not follow from prices", async () => {
    const record = { ...bundle.record, amount: "1", cumA: bundle.previous?.cumA ?? "", cumB: bundle.previous?.cumB ?? "" };
    record[record.payer === record.a ? "cumA" : "cumB"] = String(
      BigInt(record[record.payer === record.a ? "cumA" : "cumB"]) + 1n,
    );
    const [signatureA, signatureB] = await bothSign(market.domain, record);
    const digest = recordDigest(market.domain, record);
    const findings = await verifyBundle({ ...bundle, record, digest, signatureA, signatureB, inclusion: null }, null);
    expect(withVerdict(findings, "bad")).toEqual(["amount"]);
  });

  it("is bad when signed by keys that the agreement names but nobody registered", async () => {
    const forgers = { signerA: addressOf(keyOf("forger a")), signerB: addressOf(keyOf("forger b")) };
    const terms = exampleAgreement(market.domain, forgers);
    const agreement = await signBoth(terms);
    const findings = await verifyBundle({ ...bundle, agreement }, chain);
    expect(withVerdict(findings, "bad")).toEqual(["agreement"]);
    const record = exampleRecord(market.domain);
    const signatureA = await signRecord(keyOf("forger a"), market.domain, record);
    const signed = await verifyBundle({ ...bundle, record, digest: recordDigest(market.domain, record), signatureA }, chain);
    expect(verdictOf(signed, "signatures")).toBe("bad");
  });
});

it("a verdict without findings is unknown", () => expect(overallVerdict([])).toBe("unknown"));
