import {
  type CosignedRecord,
  type Evidence,
  mostHeads,
  type NewestStatement,
  type RecordWire,
  type SettlementUp,
} from "../../../core/message/settlement-message.ts";
import type { ChainClient } from "../../../settlement/chain/chain-client.ts";
import { composeRecord } from "../../../settlement/record/compose-record.ts";
import { buildEpoch } from "../../../settlement/log/epoch.ts";
import { signNewest } from "../../../settlement/record/newest-statement.ts";
import { recordDigest, recordHead, signRecord, zeroHash } from "../../../settlement/record/record.ts";
import { after, aggregator, householdIsA, midnightS } from "../../settlement/fixture.ts";
import { escrowMicro, type HonestHome, seriesOf, told } from "./honest-home.ts";

/** What was metered in an hour, Wh by quarter. */
export interface Metered {
  hour: number;
  import: number[];
  export: number[];
}

/** How a liar is inclined, each between 0 and 1. */
export interface Character {
  /** Proposes a lie before the honest record. */
  lies: number;
  /** Tells other energy than was used, from the third hour on, always. */
  falseMeter: boolean;
  /** Proposes kinds that the agreement has no rule for, as a grid operator or an exchange would. */
  kinds: readonly RecordWire["kind"][];
  /** Keeps a countersignature for itself, and all that follow. */
  withholds: number;
  /** Stops to propose for good. */
  refuses: number;
  /** Leaves a record out of its epoch, or lies about the proof. */
  omits: number;
  /** Announces to take all its money out. */
  withdraws: number;
  /** Settles an old record that suits it. */
  settlesOld: number;
  /** Hides records from a home that has lost its journal, wherever one is asked for. */
  hides?: boolean;
}

interface Held {
  record: RecordWire;
  evidence: Evidence;
  gatewaySignature: string;
  aggregatorSignature: string;
  given: boolean;
}

/** The other side of a home's records, which lies wherever that could pay; everything that it signs, it keeps. */
export async function liar(home: HonestHome, character: Character, random: () => number) {
  const { domain, agreement } = home;
  const owner: ChainClient = await home.market.clientOf(aggregator.cold.privateKey);
  const logger: ChainClient = await home.market.clientOf(aggregator.signer.privateKey);
  const held: Held[] = [];
  /** By number, of the history that it goes on from. */
  let chain: Held[] = [];
  /** Newest record of a history that it has denied, and uses when it likes. */
  let denied: Held | undefined;
  let deniedSeq = 0;
  /** What it bills a second time, in a history without it. */
  let again: Held[] = [];
  let [previous, withholding, refusing, epoch]: [RecordWire | null, boolean, boolean, number] = [null, false, false, 0];
  let logged = 0;
  let accepted = 0;
  const chance = (share: number): boolean => random() < share;
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const salt = (): string => `0x${Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join("")}`;

  const compose = (kind: "import" | "export" | "reward", hour: number, evidence: Evidence): RecordWire =>
    composeRecord({
      agreement,
      previous,
      kind,
      start: after((kind === "reward" ? hour - 23 : hour) * 3600),
      end: after((hour + 1) * 3600),
      evidence,
      series: kind === "reward" ? null : seriesOf(hour),
      salt: salt(),
      time: after((hour + 1) * 3600),
    });
  const keep = async (record: RecordWire, evidence: Evidence, answer: SettlementUp | undefined): Promise<Held | undefined> => {
    if (answer?.kind !== "signed") return undefined;
    const aggregatorSignature = await signRecord(aggregator.signer, domain, record);
    const one = { record, evidence, gatewaySignature: answer.signature, aggregatorSignature, given: false };
    held.push(one);
    if (record.seq === chain.length + 1) chain.push(one);
    return one;
  };
  /** A record that is false in one way. */
  const lieAbout = (honest: RecordWire, evidence: Evidence): [RecordWire, Evidence] => {
    const side = honest.payer === honest.a ? "cumA" : "cumB";
    const more = (by: bigint): Partial<RecordWire> => ({ [side]: String(BigInt(honest[side]) + by) });
    const lies: (() => [RecordWire, Evidence])[] = [
      () => [{ ...honest, wh: honest.wh + 1 }, evidence],
      () => [{ ...honest, amount: String(BigInt(honest.amount) + 1n), ...more(1n) }, evidence],
      () => [{ ...honest, ...more(1n) }, evidence],
      () => [{ ...honest, payer: honest.payer === honest.a ? honest.b : honest.a }, evidence],
      () => [{ ...honest, prev: `0x${"7".repeat(64)}` }, evidence],
      () => [{ ...honest, seq: honest.seq + 1 }, evidence],
      () => [{ ...honest, prices: `0x${"3".repeat(64)}` }, evidence],
      () => [{ ...honest, end: after(10 ** 6) }, evidence],
      () => [{ ...honest, time: after(10 ** 6) }, evidence],
      () => [{ ...honest, agreement: `0x${"4".repeat(64)}` }, evidence],
      () => [honest, { ...evidence, slots: evidence.slots.slice(1) }],
      () => [{ ...honest, start: after(0), end: after(3600) }, evidence],
      ...character.kinds.map((kind) => (): [RecordWire, Evidence] => [{ ...honest, kind }, evidence]),
    ];
    return pick(lies)?.() ?? [honest, evidence];
  };
  const propose = async (honest: RecordWire, evidence: Evidence): Promise<void> => {
    if (chance(character.lies)) {
      const [record, falsely] = lieAbout(honest, evidence);
      const answer = await home.line.send({ kind: "proposal", record, evidence: falsely });
      // The first hour of all is what one of the lies says.
      const isFalse = JSON.stringify([record, falsely]) !== JSON.stringify([honest, evidence]);
      if ((await keep(record, falsely, answer)) && isFalse) accepted++;
    }
    const answer = await home.line.send({ kind: "proposal", record: honest, evidence });
    if (answer?.kind === "disputed" && answer.code === "settlement-journal-behind") await giveHead(answer.own.from ?? 1);
    const one = await keep(honest, evidence, answer);
    if (!one) return;
    previous = honest;
    withholding ||= chance(character.withholds);
    if (withholding) {
      // Two histories: another body for the number that it holds a signature for.
      const other = { ...honest, salt: salt() };
      if (await keep(other, evidence, await home.line.send({ kind: "proposal", record: other, evidence }))) accepted++;
      return;
    }
    await countersign(one);
  };
  const countersign = async (one: Held): Promise<void> => {
    const digest = recordDigest(domain, one.record);
    await home.line.send({ kind: "countersigned", seq: one.record.seq, digest, signature: one.aggregatorSignature });
    one.given = true;
  };
  const shown = ({ record, evidence, gatewaySignature, aggregatorSignature }: Held): CosignedRecord => ({
    record,
    evidence: { register: evidence.register, slots: [] },
    gatewaySignature,
    aggregatorSignature,
  });
  const newestSaid = (one: Held | undefined): Promise<NewestStatement> => {
    const seq = one?.record.seq ?? 0;
    const digest = one ? recordDigest(domain, one.record) : zeroHash;
    return signNewest(aggregator.signer, domain, agreement, { seq, digest, time: Math.floor(home.clock.now() / 1000) });
  };
  const showHead = async (records: readonly Held[], newest: Held | undefined): Promise<void> => {
    await home.line.send({ kind: "head", records: records.slice(0, mostHeads).map(shown), newest: await newestSaid(newest) });
  };
  const billAgain = async (one: Held, last: Held | undefined): Promise<void> => {
    previous = last?.record ?? null;
    const hour = (Date.parse(one.record.start) / 1000 - midnightS) / 3600;
    const record = compose("import", hour, one.evidence);
    const answer = await home.line.send({ kind: "proposal", record, evidence: one.evidence });
    const signed = await keep(record, one.evidence, answer);
    if (!signed) return;
    accepted++;
    previous = record;
    await countersign(signed);
  };
  /** A home that lost its journal gets anything but the truth, as long as that gets it anywhere. */
  const giveHead = async (from: number): Promise<void> => {
    const missing = chain.filter(({ record }) => record.seq >= from);
    const last = chain.at(-1);
    // Without its newest import, which it bills again at once; then without all but the newest of each kind.
    const hole = missing.slice(0, -1).findLast(({ record }) => record.kind === "import");
    const others = missing.filter((one) => one !== hole);
    await showHead(others, last);
    if (hole) await billAgain(hole, last);
    const kinds = ["export", "reward"].map((kind) => others.findLast(({ record }) => record.kind === kind));
    await showHead(
      kinds.flatMap((one) => one ?? []).toSorted((one, other) => one.record.seq - other.record.seq),
      last,
    );
    if (hole) await billAgain(hole, last);
    const old = held.filter(({ given }) => given).slice(0, Math.floor(held.length / 2));
    await showHead(old.slice(-2), old.at(-1));
    if (character.hides && deniedSeq === 0 && missing.length > 1) {
      // Without the newest ones: the two begin a second history, in which the same import is billed again.
      const cut = Math.floor(random() * (missing.length - 1));
      [denied, deniedSeq] = [last, last?.record.seq ?? 0];
      again = missing.slice(cut).filter(({ record }) => record.kind === "import");
      chain = chain.slice(0, from - 1 + cut);
      previous = chain.at(-1)?.record ?? null;
      await showHead(missing.slice(0, cut), chain.at(-1));
      return;
    }
    await showHead(missing, last);
  };
  const commit = async (): Promise<void> => {
    const fresh = held.filter(({ given }) => given).slice(logged);
    logged += fresh.length;
    const listed = fresh.filter(() => !chance(character.omits));
    if (listed.length === 0) return;
    const digests = listed.map(({ record }) => recordDigest(domain, record));
    const tree = buildEpoch(digests);
    epoch++;
    await logger.commit(aggregator.owner, epoch, tree.root, tree.count, "0x");
    const isFalse = chance(character.omits);
    const records = fresh.map(({ record }) => {
      const digest = recordDigest(domain, record);
      const proof = digests.includes(digest) ? tree.proofOf(digest) : [];
      return { seq: record.seq, digest, proof: isFalse ? [`0x${"5".repeat(64)}`] : proof };
    });
    const root = isFalse ? `0x${"6".repeat(64)}` : tree.root;
    const all = { kind: "included" as const, by: aggregator.owner, epoch, root, count: tree.count, prices: [] };
    // Once with all that it left out, once with what is there.
    await home.line.send({ ...all, records });
    await home.line.send({ ...all, records: records.filter(({ digest }) => digests.includes(digest)) });
  };
  const settle = async ({ record, gatewaySignature, aggregatorSignature }: Held): Promise<void> => {
    const [a, b] = householdIsA ? [gatewaySignature, aggregatorSignature] : [aggregatorSignature, gatewaySignature];
    await owner.settle(recordHead(record), a, b).catch(() => undefined);
  };
  /** What a record leaves the home with, micro-units. */
  const worth = ({ record }: Held): bigint => {
    const byA = BigInt(record.cumA) - BigInt(record.cumB);
    return householdIsA ? -byA : byA;
  };
  const withdraw = (): Promise<unknown> => owner.requestWithdraw(agreement.a, agreement.b, escrowMicro).catch(() => undefined);
  return {
    /** Lies that the home has signed: more than none is a hole. */
    accepted: () => accepted,
    /** Number of the newest record that it has denied; 0 where it denied none. */
    denied: () => deniedSeq,
    async hour(metered: Metered): Promise<void> {
      const { hour } = metered;
      // A home leaves nobody with whom settlement never began; see settled_within_s.
      refusing ||= chance(character.refuses) && held.length > 0;
      if (chance(character.withdraws)) await withdraw();
      if (refusing) return;
      for (const { record, evidence } of again.splice(0)) {
        await propose(compose("import", (Date.parse(record.start) / 1000 - midnightS) / 3600, evidence), evidence);
      }
      for (const kind of ["import", "export"] as const) {
        const factor = kind === "import" ? 1.2 : 0.8;
        const whs = metered[kind].map((wh) => (character.falseMeter && hour > 2 ? Math.round(wh * factor) : wh));
        const evidence = told(kind, hour, whs);
        await propose(compose(kind, hour, evidence), evidence);
      }
      if (hour % 24 === 23) {
        const evidence: Evidence = { register: "none", slots: [] };
        await propose(compose("reward", hour, evidence), evidence);
      }
      if (hour % 6 === 5) await commit();
      if (denied && chance(0.1)) {
        await settle(denied);
        denied = undefined;
      }
      if (chance(character.settlesOld)) {
        const old = held.filter(({ given }) => given).toSorted((one, other) => (worth(one) < worth(other) ? -1 : 1))[0];
        if (old) await settle(old);
      }
    },
    /** Tries to get away with the money: what suits it is settled, the rest taken out as soon as the contract lets it. */
    async run(): Promise<void> {
      const [best] = held.toSorted((one, other) => (worth(one) < worth(other) ? -1 : 1));
      if (best) await settle(best);
      await withdraw();
    },
    take: () => owner.executeWithdraw(agreement.a, agreement.b).catch(() => undefined),
  };
}
