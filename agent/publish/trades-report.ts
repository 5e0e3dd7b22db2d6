import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Traded, TradedSlot } from "../../core/message/traded.ts";
import type { Consents } from "../consents.ts";

/** What the aggregator hears of trades: sums of slots, where the household allows it. */
export interface TradesReport {
  /** Tells it where it has changed. */
  report(): void;
  /** From now on it is told anew. */
  forget(): void;
}

/** Says nothing while nobody is connected. What was told once is taken back when the household takes its consent back. */
export function tradesReport(options: {
  traded: () => readonly TradedSlot[];
  consents: Pick<Consents, "sharing" | "all">;
  clock: Pick<Clock, "now">;
  connected: () => boolean;
  /** Retained. */
  tell: (rest: string, message: unknown) => void;
}): TradesReport {
  const { consents, clock } = options;
  let told: string | null = null;
  /** Without a word about it, ever, not even an empty list goes out: it would say that the house trades. */
  const wasSaid = (): boolean => consents.all().some(({ scope }) => scope === "trades");
  return {
    report() {
      if (!options.connected() || !wasSaid()) return;
      const slots = consents.sharing().trades ? options.traded() : [];
      const text = JSON.stringify(slots);
      if (text === told) return;
      told = text;
      options.tell("traded", { v: 1, at: iso(clock.now()), slots: [...slots] } satisfies Traded);
    },
    forget() {
      told = null;
    },
  };
}
