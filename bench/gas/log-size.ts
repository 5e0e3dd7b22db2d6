import { id } from "ethers";
import { iso } from "../../core/clock/clock.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { encodeLogData } from "../../settlement/log/log-data.ts";
import type { LoggedRecord } from "../../settlement/log/log-run.ts";
import { recordDigest, zeroHash } from "../../settlement/record/record.ts";

const domain = { chainId: 1, contract: `0x${"c0".repeat(20)}` };
const startS = Date.parse("2026-03-01T00:00:00Z") / 1000;
const daySeconds = 86_400;
/** A party of the aggregator's number so-and-so. */
const address = (name: string): string => id(name).slice(0, 42);
const signature = (name: string): string => `${id(name)}${id(`${name}'`).slice(2)}1b`;

/** One home's records of a day, as its aggregator publishes them in full. */
function dayOf(home: number, count: number): LoggedRecord[] {
  const [a, b] = [address(`home ${home}`), address("aggregator")].toSorted() as [string, string];
  const payer = address(`home ${home}`);
  let [prev, owed] = [zeroHash, 0n];
  return Array.from({ length: count }, (_, index) => {
    const [from, until] = [startS + (index * daySeconds) / count, startS + ((index + 1) * daySeconds) / count];
    owed += 308_532n;
    const record: RecordWire = {
      a,
      b,
      seq: index + 1,
      start: iso(Math.floor(from) * 1000),
      end: iso(Math.floor(until) * 1000),
      cumA: String(payer === a ? owed : 0n),
      cumB: String(payer === a ? 0n : owed),
      salt: id(`salt ${home} ${index}`),
      kind: "import",
      payer,
      time: iso((Math.floor(until) + 30) * 1000),
      wh: 1441,
      amount: "308532",
      prices: id("prices of the day"),
      agreement: id(`agreement ${home}`),
      ref: id(`evidence ${home} ${index}`),
      prev,
    };
    prev = recordDigest(domain, record);
    const [signatureA, signatureB] = [signature(`a ${home} ${index}`), signature(`b ${home} ${index}`)];
    return { record, digest: prev, signatureA, signatureB };
  });
}

/** Bytes of a day that also binds the day's price series, by the encoder that the programs publish with. */
export function encodedDay(homes: number, recordsADay: number): { digests: number; records: number } {
  const records = Array.from({ length: homes }, (_, home) => dayOf(home, recordsADay)).flat();
  const others = [id("prices of the day")];
  return {
    digests: encodeLogData({ form: "digests", leaves: [...records.map(({ digest }) => digest), ...others] }).length,
    records: encodeLogData({ form: "records", records, others }).length,
  };
}

/** The same for many homes: every further one adds what the second does. */
export function logBytes(homes: number, recordsADay: number): { digests: number; records: number } {
  const [one, two] = [encodedDay(1, recordsADay), encodedDay(2, recordsADay)];
  const grown = (form: "digests" | "records"): number => one[form] + (homes - 1) * (two[form] - one[form]);
  return { digests: grown("digests"), records: grown("records") };
}
