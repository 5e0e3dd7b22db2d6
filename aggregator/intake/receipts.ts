import { errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { Receipt } from "../../core/message/measurements.ts";
import type { Send } from "../dispatch/sender.ts";

/** What says to homes that their rows are stored. */
export interface Receipts {
  /** Soon; where many are under way, a newer one of the same run takes its place. Nobody waits for it: homes send again. */
  give(site: string, receipt: Receipt, number: number | undefined): void;
  /** Resolves when the broker has all that were given. */
  settled(): Promise<void>;
}

/** Receipts without the broker's word at a time: under a flood of rows one receipt is for many messages. */
const mostUnderWay = 64;
/** A receipt stays good while the home may be away. */
const lifetimeS = 7 * 24 * 3600;

interface Waiting {
  site: string;
  receipt: Receipt;
  number: number | undefined;
}

/** Receipts are cumulative: of those of one run that wait only the newest is signed and sent. */
export function receipts(options: { send: Send; log: Log }): Receipts {
  const waiting = new Map<string, Waiting>();
  const underWay = new Set<Promise<void>>();
  const next = (): void => {
    for (const [key, { site, receipt, number }] of waiting) {
      if (underWay.size >= mostUnderWay) return;
      waiting.delete(key);
      const sent = options
        .send(site, "receipt", "receipt", receipt, { lifetimeS, number })
        .catch((error: unknown) => options.log.debug({ site, error: errorMessage(error) }, "receipt not sent"))
        .finally(() => {
          underWay.delete(sent);
          next();
        });
      underWay.add(sent);
    }
  };
  return {
    give(site, receipt, number) {
      waiting.set(`${site} ${receipt.boot}`, { site, receipt, number });
      next();
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
