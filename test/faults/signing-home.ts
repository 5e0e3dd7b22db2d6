import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { signingRoom } from "../../agent/settle/signing-room.ts";
import { controlStore } from "../../agent/store/control-store.ts";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import type { SignedRecord } from "../../agent/store/record-store.ts";
import { settlementStores } from "../../agent/store/settlement-stores.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { signRecord, zeroHash } from "../../settlement/record/record.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import {
  addressOf,
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  midnight,
} from "../settlement/fixture.ts";

/**
 * A home that signs what an aggregator proposes which never says twice the same, until it is killed. On stdout stand what
 * left the house (`signed seq digest signature`), that it is about to sign (`signing`), and what it found at its start
 * (`found journalled|signed`).
 */
const file = process.argv[2] ?? "";
const hours = 240;
const signingMs = 30;
const wh = [151, 0, 87, 1203];
const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const agreement = exampleAgreement(domain);
const pair = `${agreement.a}-${agreement.b}`;
const startMs = Date.parse(midnight);
const series = exampleSeries({
  importPerKwh: Array.from({ length: hours * 4 }, () => "210000"),
  exportPerKwh: Array.from({ length: hours * 4 }, () => "70000"),
});
const db = openDatabase(file);
const stores = { ...settlementStores(db), meters: meterStore(db), prices: controlStore(db) };
stores.prices.savePrices(series);
stores.meters.addSlots(
  Array.from({ length: hours * 4 }, (_, at) => ({
    meter: "grid",
    register: "import",
    startMs: startMs + at * 900_000,
    endMs: startMs + (at + 1) * 900_000,
    wh: wh[at % 4] ?? 0,
    quality: "valid",
    clockSynced: true,
  })),
);
/** As slow as one in a secure element, so that a kill falls into it. */
const signer: TypedDataSigner = {
  async signTypedData(...given) {
    writeSync(1, "signing\n");
    await delay(signingMs);
    return household.signer.signTypedData(...given);
  },
};
const rich = { balanceA: 10n ** 12n, balanceB: 10n ** 12n, cumA: 0n, cumB: 0n, open: 0n, leavingA: 0n, leavingB: 0n };
const room = signingRoom({
  agreement,
  signer,
  chain: {
    pairOf: () => Promise.resolve({ ...rich, seq: 0, withdrawals: 0, head: zeroHash }),
    partyOf: (owner) => {
      const { signer: key } = owner === household.owner ? household : aggregator;
      return Promise.resolve({ signer: addressOf(key), since: 0, until: Number.MAX_SAFE_INTEGER });
    },
    keyOf: () => Promise.resolve(undefined),
    readCommit: () => Promise.resolve(undefined),
  },
  finality: "latest",
  gridMeter: "grid",
  stores,
  clock: fakeClock(startMs + (hours + 1) * 3_600_000),
});

/** Proposes a body that nobody has seen for the number after a record, and says what is answered. */
async function propose(previous: SignedRecord | undefined): Promise<void> {
  const startS = (previous?.record.seq ?? 0) * 3600;
  const evidence = exampleEvidence("import", wh, startS);
  const salt = `0x${randomBytes(32).toString("hex")}`;
  await tell(exampleRecord(domain, { previous: previous?.record ?? null, startS, evidence, series, salt }), evidence);
}

async function tell(...proposal: Parameters<typeof room.answer>): Promise<void> {
  const answer = await room.answer(...proposal);
  const what = answer.kind === "signed" ? answer.signature : answer.code;
  writeSync(1, `${answer.kind} ${answer.seq} ${answer.digest} ${what}\n`);
  // Without the other side's signatures it would soon sign no more.
  if (answer.kind === "signed")
    await room.countersigned(answer.seq, answer.digest, await signRecord(aggregator.signer, domain, proposal[0]));
}

const found = stores.records.newest(pair);
writeSync(1, `found ${found === undefined ? "nothing" : found.ownSignature === null ? "journalled" : "signed"}\n`);
if (found) {
  await propose(stores.records.at(pair, found.record.seq - 1));
  await tell(found.record, found.evidence);
}
while ((stores.records.newest(pair)?.record.seq ?? 0) < hours) await propose(stores.records.newest(pair));
writeSync(1, "full\n");
