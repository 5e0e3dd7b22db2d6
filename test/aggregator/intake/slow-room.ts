import { onTestFinished } from "vitest";
import { intake } from "../../../aggregator/intake/intake.ts";
import type { Send } from "../../../aggregator/dispatch/sender.ts";
import { slowStore } from "../../../aggregator/observe/slow-store.ts";
import type { DatabasePlace } from "../../../aggregator/store/database-place.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { Receipt } from "../../../core/message/measurements.ts";
import { rejections } from "../../../core/rejections.ts";
import { deafIntake } from "../../fake/deaf-intake.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { message, midnightMs, sampleItem } from "../rows.ts";

/** An intake over a database, with what it has receipted, and what of that was not kept when it was. */
export async function slowRoom(place: DatabasePlace, sites: readonly string[]) {
  const kept = await openStore(place);
  onTestFinished(() => kept.close());
  const log = silentLog();
  const time = { elapsedMs: 0 };
  const slow = slowStore(kept, { clock: { monotonicMs: () => time.elapsedMs }, log });
  const rejected = rejections(log, () => 0);
  const receipted = new Map<string, number>();
  const stored = new Map<string, number>();
  let [untrue, asked] = [0, 0];
  const send: Send = async (site, _type, _rest, body) => {
    const { seq } = Receipt.parse(body);
    receipted.set(site, seq);
    if (seq > (stored.get(site) ?? 0)) untrue++;
  };
  const inbound = intake({
    aggregator: "agg",
    sites: new Set(sites),
    store: {
      ...slow.store,
      async ingest(...rows) {
        asked++;
        const result = await slow.store.ingest(...rows);
        stored.set(rows[0], result.contiguousSeq);
        return result;
      },
    },
    send,
    clock: fakeClock(midnightMs),
    log,
    rejections: rejected,
    ...deafIntake,
  });
  const give = (site: string, seq: number): Promise<void> =>
    inbound.take({ site, rest: "meter", topic: `sma/1/agg/${site}/up/meter`, text: JSON.stringify(message([sampleItem(seq)])) });
  const named = () => log.lines.map(({ message: text }) => text).filter((text) => text.startsWith("the database"));
  const answers = (): number => log.informed("the database answers again");
  return { kept, time, slow, inbound, give, receipted, rejected, named, answers, untrue: () => untrue, asked: () => asked };
}
