import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { exchangeClient } from "../../settlement/exchange/exchange-client.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { tradedMs } from "../../settlement/record/residual.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";

/** What homes traded at an exchange: that is no business of their supplier. */
export interface ExchangeTrades {
  /**
   * Energy by start of the quarter, ms: bought for import, sold for export. Null where the exchange does not say it now: then the
   * period is settled later.
   */
  of(site: string, register: "import" | "export", startMs: number, endMs: number): Promise<ReadonlyMap<number, number> | null>;
}

const none: ReadonlyMap<number, number> = new Map();

/** Asks the exchange, as the supplier of the homes that trade there; of all others there is nothing. */
export function exchangeTrades(parts: {
  url: string;
  sites: readonly string[];
  agreements: ReadonlyMap<string, Agreement>;
  signer: TypedDataSigner;
  clock: Pick<Clock, "now">;
  log: Log;
}): ExchangeTrades {
  const { url, sites, agreements, signer, clock, log } = parts;
  const trading = new Set(sites);
  return {
    async of(site, register, startMs, endMs) {
      const agreement = agreements.get(site);
      if (!agreement || !trading.has(site)) return none;
      const fromMs = Math.floor(startMs / tradedMs) * tradedMs;
      try {
        const items = await exchangeClient(url, { agreement, signer, clock }).allocations(fromMs, endMs);
        return new Map(
          items.map(({ start, boughtWh, soldWh }) => [Date.parse(start), register === "import" ? boughtWh : soldWh]),
        );
      } catch (error) {
        log.warn(
          { site, code: errorCode(error), error: errorMessage(error) },
          "what the home traded is not known, settled later",
        );
        return null;
      }
    },
  };
}
