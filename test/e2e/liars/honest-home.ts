import { rmSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { chainChores } from "../../../agent/settle/chain-chores.ts";
import { settler, type Settler } from "../../../agent/settle/settler.ts";
import { signingRoom } from "../../../agent/settle/signing-room.ts";
import type { Watchtower } from "../../../agent/settle/watchtower.ts";
import { backUp, restore } from "../../../agent/store/copy-database.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { type Db, openDatabase } from "../../../agent/store/open-database.ts";
import { settlementStores } from "../../../agent/store/settlement-stores.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type {
  CosignedRecord,
  Evidence,
  RecordWire,
  SettlementDown,
  SettlementUp,
} from "../../../core/message/settlement-message.ts";
import { keySender } from "../../../settlement/chain/call-sender.ts";
import { chainProbe } from "../../../settlement/chain/chain-probe.ts";
import { anvilKeys, startAnvil } from "../../fake/anvil.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import {
  after,
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleSeries,
  household,
  midnightS,
} from "../../settlement/fixture.ts";
import { fund, openMarket, registerBoth } from "../../settlement/market.ts";

const hourMs = 3_600_000;
/** The gateway looks after settlement so often here; in life each minute. */
const roundMs = 600_000;
/** Money of each side, micro-units: more than all that can be owed. */
export const escrowMicro = 100_000_000n;

/** The day after midnight that an hour is in, and its prices. */
export const seriesOf = (hour: number) => exampleSeries({ start: after(Math.floor(hour / 24) * 86_400) });

/** What the other side can do: send a message to the home, and hear its answers. */
export interface Line {
  /** Undefined where the home is offline, or does not answer. */
  send(message: SettlementDown): Promise<SettlementUp | undefined>;
}

/**
 * A home with real gateway code (settler, signing room, chores on a real chain, database on disk), and time that the trial
 * moves hour by hour. Its meter counts what the trial gives it.
 */
export async function honestHome(options: { watchtower: boolean }) {
  const anvil = await startAnvil({ timestamp: midnightS - 86_400 });
  const market = await openMarket(anvil);
  const { domain } = market;
  await registerBoth(market);
  for (const { owner } of [household, aggregator]) await fund(market, owner, escrowMicro);
  const agreement = exampleAgreement(domain);
  const pair = `${agreement.a}-${agreement.b}`;
  const file = join(scratch("liars"), "data.db");
  const clock = fakeClock(midnightS * 1000);
  const target = { ...domain, rpcUrl: anvil.url };
  const [probe, log] = [chainProbe(target), silentLog()];
  const sender = keySender({ ...target, privateKey: anvilKeys[2] }, { pollMs: 5 });
  let kept: CosignedRecord[] = [];
  const tower: Watchtower | null = options.watchtower
    ? { ask: () => Promise.resolve(kept), keep: async (records) => void (kept = [...records]) }
    : null;
  let db: Db = openDatabase(file);
  let running: Settler | null = null;
  const answers: SettlementUp[] = [];
  const start = (): void => {
    const stores = { ...settlementStores(db), meters: meterStore(db), prices: controlStore(db) };
    const chain = market.funder;
    const rules = { finality: "latest" as const, includedWithinMs: 48 * hourMs, publishedPerDay: 1000, settleOwn: false };
    const room = signingRoom({
      agreement,
      signer: household.signer,
      chain,
      finality: "latest",
      gridMeter: "grid",
      tower,
      stores,
      clock,
    });
    const run = chainChores({ agreement, chain, probe, sender, tower, ...stores, rules, clock, log });
    running = settler({
      open: () => Promise.resolve({ ...room, chores: { run, close: () => undefined }, close: () => undefined }),
      publish: async (_, message) => void answers.push(message),
      hasJournal: () => stores.records.counts().signed > 0 || stores.hold.held() !== null,
      countersignedWithinMs: hourMs,
      settledWithinMs: 36 * hourMs,
      onLeft: () => undefined,
      clock,
      log,
    });
  };
  start();
  onTestFinished(async () => {
    db.close();
    sender.close();
    probe.close();
    market.close();
    await anvil.stop();
  });
  let isOnline = true;
  const home = {
    market,
    domain,
    agreement,
    pair,
    clock,
    log,
    hasLeft: (): boolean => running?.hasLeft() ?? false,
    line: {
      async send(message) {
        if (!isOnline || !running) return undefined;
        answers.length = 0;
        await running.take(message, "settle/supply").catch(() => undefined);
        const seq = "record" in message ? message.record.seq : 0;
        return answers.findLast((one) => one.seq === seq);
      },
    } satisfies Line,
    setOnline: (online: boolean) => void (isOnline = online),
    /** One hour goes by; the gateway is off where it says so. */
    async hour(metered: { import: number[]; export: number[] } | null, isOff = false): Promise<void> {
      const startMs = clock.now();
      for (let passedMs = 0; passedMs < hourMs; passedMs += roundMs) {
        await clock.advance(roundMs);
        if (!isOff) await running?.keep();
      }
      await market.warpTo(clock.now() / 1000);
      if (metered)
        for (const register of ["import", "export"] as const)
          meterStore(db).addSlots(
            metered[register].map((wh, at) => ({
              meter: "grid",
              register,
              startMs: startMs + at * 900_000,
              endMs: startMs + (at + 1) * 900_000,
              wh,
              quality: "valid" as const,
              clockSynced: true,
            })),
          );
    },
    announce: (hour: number) => controlStore(db).savePrices(seriesOf(hour)),
    backUp: () => backUp(file, `${file}.copy`),
    /** The disk dies, and the gateway comes back from the copy: what it metered and signed since is gone. */
    restore(): void {
      db.close();
      for (const part of ["", "-wal", "-shm"]) rmSync(file + part, { force: true });
      restore(`${file}.copy`, file, clock.now());
      db = openDatabase(file);
      start();
    },
    /** What the meter's counters say of the hours in which nothing was kept, as if it had been spread just as it was. */
    refill(hours: readonly { hour: number; import: number[]; export: number[] }[]): void {
      for (const { hour, ...whs } of hours)
        for (const register of ["import", "export"] as const)
          meterStore(db).addSlots(
            whs[register].map((wh, at) => {
              const startMs = (midnightS + hour * 3600 + at * 900) * 1000;
              return { meter: "grid", register, startMs, endMs: startMs + 900_000, wh, quality: "estimated", clockSynced: true };
            }),
          );
    },
    /** Number of the newest record that is here with both signatures. */
    newestSeq: (): number => settlementStores(db).records.newestCosigned(pair)?.record.seq ?? 0,
    /** What proves that the other side hid a record. */
    statements: () => settlementStores(db).statements.all(pair),
    /** Records with both signatures, from a number on. */
    cosignedFrom(seq: number): RecordWire[] {
      const { records } = settlementStores(db);
      const found: RecordWire[] = [];
      for (let at = seq; at <= (records.newest(pair)?.record.seq ?? 0); at++) {
        const known = records.at(pair, at);
        if (known?.ownSignature && known.otherSignature) found.push(known.record);
      }
      return found;
    },
    /** Adds what the home has signed, and what of it has both signatures: kind and hour. */
    seal(signed: Set<string>, sealed: Set<string>): void {
      const { records } = settlementStores(db);
      for (let seq = 1; seq <= (records.newest(pair)?.record.seq ?? 0); seq++) {
        const known = records.at(pair, seq);
        if (!known) continue;
        const what = `${known.record.kind} ${(Date.parse(known.record.start) / 1000 - midnightS) / 3600}`;
        if (known.ownSignature !== null) signed.add(what);
        if (known.otherSignature !== null) sealed.add(what);
      }
    },
    pairOnChain: () => market.funder.pairOf(agreement.a, agreement.b),
  };
  return home;
}

export type HonestHome = Awaited<ReturnType<typeof honestHome>>;

/** Evidence of one hour as somebody tells it. */
export const told = (register: "import" | "export", hour: number, whs: number[]): Evidence =>
  exampleEvidence(register, whs, hour * 3600);
