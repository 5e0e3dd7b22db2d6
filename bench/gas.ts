import { startAnvil } from "../test/fake/anvil.ts";
import { gasMeter } from "./gas/gas-meter.ts";
import { paperGas } from "./gas/paper.ts";
import { pilotGas } from "./gas/pilot.ts";
import { blobCapacity, blobsPerTransaction } from "../settlement/log/blob-bytes.ts";
import { encodedDay, logBytes } from "./gas/log-size.ts";
import { gasOfBlob, type Monthly, monthlyGas } from "./gas/monthly.ts";
import { atLeast, atMost, report, rounded } from "./report.ts";

/**
 * `npm run bench:gas [-- --json] [--prosumers 1000]`: what a settlement record costs on a public chain, by transactions that
 * are sent to a development chain (anvil, Osaka rules). The stored variant, the event and the two signatures on chain are one
 * transaction a record; they are beside ours all-in: so many prosumers with 96 records a day, one root a day with the records
 * in blobs (as many bytes as settlement/log/log-data.ts writes), and once a month a settlement and a top-up for each. Blobs count at the floor that EIP-7918 sets: 8,192 times the
 * base fee of execution for each; the market can ask for more. Registration and first deposits are shown apart: they are once.
 */

const at = process.argv.indexOf("--prosumers");
const prosumers = at > 0 ? Number(process.argv[at + 1]) : 1000;
const recordsADay = 96;
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
const month: Omit<Monthly, "bytesADay" | "topUps"> = { prosumers, recordsADay, settlementsAMonth: 1 };
const ours = (bytesADay: number, topUps: "together" | "alone"): number => monthlyGas(pilot, { ...month, bytesADay, topUps });
/** What the programs publish of a day, in both forms. */
const published = logBytes(prosumers, recordsADay);
const digests = ours(published.digests, "together");
const full = ours(published.records, "together");
const bytesOfDigest = 32;
const calldataRecords = pilot.commitWithData.bytes / bytesOfDigest;
const blobRecords = Math.floor((blobsPerTransaction * blobCapacity - encodedDay(0, 0).digests) / bytesOfDigest);
/** A pair with an exchange settles each day, because what was traded yesterday secures nothing today. */
const exchange = monthlyGas(pilot, { ...month, bytesADay: published.digests, topUps: "together", settlementsAMonth: 30 });

const rows = [
  row("stored record and event, as in the research", paper.stored),
  row("event only", paper.event),
  row("event, two signatures checked on chain", paper.signatures),
  row(`root and 32-byte digests in calldata, ${calldataRecords} records`, pilot.commitWithData.gas / calldataRecords),
  row(
    `root and 32-byte digests in 6 blobs, ${blobRecords} records`,
    (pilot.commitWithBlobs + blobsPerTransaction * gasOfBlob) / blobRecords,
  ),
  row("ours all-in, 32-byte digests", digests),
  row("ours all-in, full public records with both signatures", full),
  row("ours all-in, 32-byte digests, each home tops up by itself", ours(published.digests, "alone")),
  row("ours all-in, full public records, each home tops up by itself", ours(published.records, "alone")),
  row("exchange pairs: 96 trades a day, settled and topped up daily, 32-byte digests", exchange),
];
console.table(
  Object.entries({ ...pilot, commitWithData: pilot.commitWithData.gas }).map(([call, gas]) => ({ call, gas: Math.round(gas) })),
);
const blobsOf = (bytes: number): number => Math.ceil(bytes / blobCapacity);
console.table(
  Object.entries(published).map(([form, bytes]) => ({
    form,
    "bytes a day": bytes,
    "bytes a record": rounded(bytes / (prosumers * recordsADay)),
    "blobs a day": blobsOf(bytes),
  })),
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
