import { startAnvil } from "../test/fake/anvil.ts";
import { gasMeter } from "./gas/gas-meter.ts";
import { paperGas } from "./gas/paper.ts";
import { pilotGas } from "./gas/pilot.ts";
import { blobsFor, type Monthly, monthlyGas } from "./gas/monthly.ts";
import { atLeast, atMost, report, rounded } from "./report.ts";

/**
 * `npm run bench:gas [-- --json] [--prosumers 1000]`: what a settlement record costs on a public chain, by transactions that
 * are sent to a development chain (anvil, Osaka rules). The stored variant, the event and the two signatures on chain are one
 * transaction a record; they are beside ours all-in: so many prosumers with 96 records a day, one root a day with the records
 * in blobs, and once a month a settlement and a top-up for each. Blobs count at the floor that EIP-7918 sets: 8,192 times the
 * base fee of execution for each; the market can ask for more. Registration and first deposits are shown apart: they are once.
 */

const at = process.argv.indexOf("--prosumers");
const prosumers = at > 0 ? Number(process.argv[at + 1]) : 1000;
const recordsADay = 96;
/** Bytes of a record in the log. */
const sizes = {
  digest: 32,
  /** Pair, number, kind, period, time, energy, amount, evidence hash and salt, and both signatures. */
  full: 32 + 32 + 30 + 2 * 65,
};
const etherUsd = 3000;
const gwei = [0.5, 2, 20] as const;
/** What the research paid for one public transaction. */
const researchUsd = 4;

const anvil = await startAnvil({ timestamp: Date.parse("2026-02-28T00:00:00Z") / 1000 });
const meter = gasMeter(anvil);
const paper = await paperGas(meter);
const pilot = await pilotGas(meter, prosumers);
meter.close();
await anvil.stop();

const usd = (gas: number, price: number): number => gas * price * 1e-9 * etherUsd;
const row = (variant: string, gas: number): Record<string, string | number> => ({
  variant,
  "gas a record": rounded(gas),
  ...Object.fromEntries(gwei.map((price) => [`USD at ${price} gwei`, rounded(usd(gas, price))])),
  "times below 4 USD, 2 gwei": rounded(researchUsd / usd(gas, 2)),
});
const month: Omit<Monthly, "bytes" | "topUps"> = { prosumers, recordsADay, settlementsAMonth: 1 };
const ours = (bytes: number, topUps: "together" | "alone"): number => monthlyGas(pilot, { ...month, bytes, topUps });
const digests = ours(sizes.digest, "together");
const full = ours(sizes.full, "together");
const calldataRecords = pilot.commitWithData.bytes / sizes.digest;
const blobRecords = 6 * Math.floor(blobsFor.usableBytes / sizes.digest);
/** A pair with an exchange settles each day, because what was traded yesterday secures nothing today. */
const exchange = monthlyGas(pilot, { ...month, bytes: sizes.digest, topUps: "together", settlementsAMonth: 30 });

const rows = [
  row("stored record and event, as in the research", paper.stored),
  row("event only", paper.event),
  row("event, two signatures checked on chain", paper.signatures),
  row(`root and 32-byte digests in calldata, ${calldataRecords} records`, pilot.commitWithData.gas / calldataRecords),
  row(
    `root and 32-byte digests in 6 blobs, ${blobRecords} records`,
    (pilot.commitWithBlobs + 6 * blobsFor.gasEach) / blobRecords,
  ),
  row("ours all-in, 32-byte digests", digests),
  row("ours all-in, full public records with both signatures", full),
  row("ours all-in, 32-byte digests, each home tops up by itself", ours(sizes.digest, "alone")),
  row("ours all-in, full public records, each home tops up by itself", ours(sizes.full, "alone")),
  row("exchange pairs: 96 trades a day, settled and topped up daily, 32-byte digests", exchange),
];
console.table(
  Object.entries({ ...pilot, commitWithData: pilot.commitWithData.gas }).map(([call, gas]) => ({ call, gas: Math.round(gas) })),
);
report(
  rows,
  [
    atMost("ours, gas a record with 32-byte digests", digests, 40),
    atMost("ours, gas a record with full public records", full, 60),
    atLeast("stored variant / ours with digests", paper.stored / digests, 5000),
    atMost("ours, USD a record at 2 gwei and 3000 USD/ETH", usd(Math.max(digests, full), 2), 0.0005),
  ],
  process.argv,
);
