import { expect, it } from "vitest";
import { unsignedFrom, unsignedImport, waitingRecord } from "../../../aggregator/settle/unsigned-import.ts";
import { unsignedWatch } from "../../../aggregator/settle/unsigned-watch.ts";
import type { RecordWire, SettlementUp } from "../../../core/message/settlement-message.ts";
import { formatMicro } from "../../../core/units.ts";
import { energyAmount } from "../../../settlement/record/amount.ts";
import { signerOf, signRecord } from "../../../settlement/record/record.ts";
import { seededRandom } from "../../../simulator/house/seeded-random.ts";
import { disputeOf, domain, openDesk, proposed, reported, signedBy, site } from "../../aggregator/settle/home-double.ts";
import { quarterMs } from "../../aggregator/rows.ts";
import {
  addressOf,
  exampleAgreement,
  exampleEvidence,
  exampleSeries,
  household,
  householdIsA,
  keyOf,
  midnightS,
} from "../../settlement/fixture.ts";

const trials = Number(process.env["LIARS_TRIALS"] ?? 1);
const seed = Number(process.env["LIARS_SEED"] ?? 7);
const quarters = 96;
const hourMs = 3_600_000;
const rule = { periods: 2, answerMs: hourMs };
/** Two periods of an hour, and the hour to sign. */
const trustMs = rule.periods * hourMs + rule.answerMs;

/** How a home is inclined, each between 0 and 1, of what it is asked in an hour. */
interface Inclined {
  signs: number;
  lies: number;
  /** Disputes for good. */
  disputes: number;
  /** Signs all that it owes when the day is over. */
  repents: boolean;
}

const homes: [name: string, inclined: Inclined][] = [
  ["home", { signs: 0.9, lies: 0.5, disputes: 0.02, repents: false }],
  ["home that never signs", { signs: 0, lies: 0, disputes: 0, repents: true }],
  ["home that signs when it likes", { signs: 0.3, lies: 0.2, disputes: 0, repents: true }],
];

/** Answers that no honest home gives. */
const liesAbout = (record: RecordWire): (() => Promise<SettlementUp>)[] => [
  () => signedBy(keyOf("stranger"), record),
  () => signedBy(household.cold, record),
  async () => ({ ...(await signedBy(household.signer, record)), digest: `0x${"9".repeat(64)}` }),
  async () => ({
    ...(await signedBy(household.signer, record)),
    signature: await signRecord(household.signer, { ...domain, chainId: 1 }, record),
  }),
  async () => ({
    ...(await signedBy(household.signer, record)),
    signature: await signRecord(household.signer, domain, { ...record, amount: "1" }),
  }),
  async () => ({ ...(await signedBy(household.signer, record)), seq: record.seq + 1 }),
  async () => disputeOf({ ...record, salt: `0x${"1".repeat(64)}` }, "settlement-energy-differs"),
];

/** A home that imports for a day, against the aggregator's own proposer and its watch over signatures; in micro-units. */
async function lyingHome(inclined: Inclined, seeded: ReturnType<typeof seededRandom>) {
  let drawn = 0;
  const random = (): number => seeded("home", drawn++);
  const desk = await openDesk();
  const { store, chain, clock, log } = desk;
  const series = exampleSeries();
  await store.keepSeries(series, { hash: "0x1", startMs: midnightS * 1000, endMs: midnightS * 1000 + quarters * quarterMs });
  const agreements = new Map([[site, exampleAgreement(domain)]]);
  const watch = unsignedWatch({ store, agreements, chain, rule, clock, log });
  const costOf = (whs: number[], quarter: number): bigint =>
    energyAmount(exampleEvidence("import", whs, quarter * 900), series).micro;
  const whs: number[] = [];
  let [isDisputed, wasUnsettled, trustedMs, atCase] = [false, false, 0, 0n];
  const debt = async (): Promise<bigint> => (await unsignedImport(store, site, clock.now()))?.amount ?? 0n;
  let caseRows = 0;
  for (let quarter = 0; quarter < quarters; quarter++) {
    whs.push(1 + Math.floor(random() * 3000));
    await clock.advance(quarterMs);
    await reported(store, quarter, whs.slice(-1));
    await desk.proposer.advance(site);
    await watch.look(site);
    const waiting = await waitingRecord(store, site);
    const unsettled = watch.isUnsettled(site);
    // What it is given while it owes is given on trust.
    if (waiting && !unsettled) trustedMs = Math.max(trustedMs, clock.now() - (await unsignedFrom(store, waiting)));
    if (unsettled && !wasUnsettled) {
      if ((await debt()) > atCase) atCase = await debt();
      caseRows = Math.max(caseRows, (await unsignedImport(store, site, clock.now()))?.slots.length ?? 0);
    }
    wasUnsettled = unsettled;
    if (quarter % 4 !== 3) continue;
    const record = proposed(desk.down);
    const lies = liesAbout(record);
    const lie = lies[Math.floor(random() * lies.length)];
    if (lie && random() < inclined.lies) await desk.proposer.answer(site, await lie());
    isDisputed ||= random() < inclined.disputes;
    if (isDisputed) await desk.proposer.answer(site, disputeOf(record, "settlement-energy-differs"));
    else if (random() < inclined.signs) await desk.proposer.answer(site, await signedBy(household.signer, record));
    await watch.look(site);
  }
  const [atEnd, rows] = [await debt(), (await unsignedImport(store, site, clock.now()))?.slots ?? []];
  const newestCosigned = async () => (await store.newestCosigned(site)).at(-1)?.record;
  const sealed = await newestCosigned();
  const sealedQuarters = sealed ? (Date.parse(sealed.end) / 1000 - midnightS) / 900 : 0;
  for (let asked = 0; inclined.repents && asked < 25 && (await waitingRecord(store, site)); asked++)
    await desk.proposer.answer(site, await signedBy(household.signer, proposed(desk.down)));
  const cosigned = (await store.records(null, 99)).filter(({ state }) => state === "cosigned");
  const totals = await newestCosigned();
  const owed = BigInt((householdIsA ? totals?.cumA : totals?.cumB) ?? "0");
  const signedHours = totals && totals.kind === "import" ? (Date.parse(totals.end) / 1000 - midnightS) / 3600 : quarters / 4;
  const hours = Array.from({ length: quarters / 4 }, (_, hour) => costOf(whs.slice(4 * hour, 4 * hour + 4), 4 * hour));
  return {
    trustedMs,
    /** Quarters of import that were owed when a case was opened, at most. */
    caseRows,
    atCase,
    atEnd,
    /** What the rows say that nobody signed before the home repented, and what truth says. */
    named: rows.map(({ wh }) => wh),
    unsigned: whs.slice(sealedQuarters),
    owed,
    due: hours.slice(0, signedHours).reduce((sum, cost) => sum + cost, 0n),
    isAll: signedHours === quarters / 4,
    signers: cosigned.map(({ record, gatewaySignature }) => signerOf(domain, record, gatewaySignature ?? "")),
  };
}

it.each(homes)(
  "a %s gets flexibility on trust for two periods and the hour to sign, and all that it was supplied with stays on its bill",
  { timeout: 60_000 * trials },
  async (name, inclined) => {
    const suite = homes.findIndex(([one]) => one === name);
    const found: Awaited<ReturnType<typeof lyingHome>>[] = [];
    for (let count = 0; count < trials; count++) {
      const one = await lyingHome(inclined, seededRandom(seed + 1000 * suite + count));
      found.push(one);
      expect(one.owed).toBe(one.due);
      expect(one.named).toEqual(one.unsigned);
      expect(one.trustedMs).toBeLessThanOrEqual(trustMs);
      expect(one.caseRows).toBeLessThanOrEqual(trustMs / quarterMs);
      if (inclined.repents) expect(one.isAll).toBe(true);
      expect(new Set(one.signers)).toEqual(new Set(one.signers.length > 0 ? [addressOf(household.signer)] : []));
    }
    const most = (of: (one: (typeof found)[number]) => bigint): string =>
      formatMicro(found.map(of).reduce((one, other) => (one > other ? one : other), 0n));
    const trusted = Math.max(...found.map(({ trustedMs }) => trustedMs)) / hourMs;
    console.log(
      `liars, ${name}: ${trials} trials of 24 h, flexibility on trust at most ${trusted} h, limit ${trustMs / hourMs} h; ` +
        `import metered and not signed for at most ${most(({ atCase }) => atCase)} EUR when its case was opened, ` +
        `${most(({ atEnd }) => atEnd)} EUR at the end, row by row in the evidence` +
        (inclined.repents ? "; all of it owed once it signed again" : ""),
    );
  },
);
