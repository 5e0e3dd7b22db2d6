import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { meteredWithinMs } from "../../core/message/exchange-http.ts";
import type { ExchangeForecast } from "../../core/message/exchange-order.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { freeEscrow } from "../../settlement/record/free-escrow.ts";
import type { ExchangeRecordStore } from "../store/exchange-record-store.ts";
import type { ExchangeStore } from "../store/exchange-store.ts";
import type { Standing } from "../exchange/check-order.ts";

/** Who may trade: participants by owner address, with what they and the exchange have signed. */
export type Participants = ReadonlyMap<string, { name: string; agreement: Agreement }>;

/** What the exchange knows of its participants: keys and escrow from the chain, the rest from its own books. */
export interface Standings {
  /** As of half a minute ago at most. @throws AppError chain-unreachable, temporary */
  of(participant: string): Promise<Standing>;
  /** The same as of now; where the chain does not answer, or did not just before, what it said last. Null where it never did. */
  fresh(participant: string): Promise<Standing | null>;
  forecast(participant: string): ExchangeForecast | null;
  takeForecast(forecast: ExchangeForecast): void;
}

/** What the chain says of a participant. */
interface Seen {
  atMs: number;
  signer: string | null;
  /** Escrow less what records owe already. */
  freeMicro: bigint;
}

const freshMs = 30_000;
/** A participant has so long to tell what its meter shows of a slot before that is missed. */
const patienceMs = 2 * 86_400_000;
/** A chain that did not answer is not asked for so long: each try may take seconds, and all participants wait for it. */
const silentMs = 5000;

export function standings(parts: {
  participants: Participants;
  chain: Pick<ChainReader, "partyOf" | "pairOf">;
  store: Pick<ExchangeStore, "unrecordedOwed" | "untoldSlots">;
  records: Pick<ExchangeRecordStore, "newest">;
  forecasts: readonly ExchangeForecast[];
  /** Whether what is traded and not done is settled: without that nobody has to tell what its meter shows. */
  settlesDeviations: boolean;
  clock: Pick<Clock, "now" | "monotonicMs">;
  log: Log;
}): Standings {
  const { participants, chain, store, records, clock, log } = parts;
  const forecasts = new Map(parts.forecasts.map((forecast) => [forecast.participant, forecast]));
  const seen = new Map<string, Seen>();
  let silence: { sinceMs: number; error: unknown } | undefined;
  const ask = async (participant: string): Promise<Seen> => {
    const agreement = participants.get(participant)?.agreement;
    const atMs = clock.monotonicMs();
    if (!agreement) return { atMs, signer: null, freeMicro: 0n };
    if (silence && atMs - silence.sinceMs < silentMs) throw silence.error;
    const { a, b } = agreement;
    const [party, pair] = await Promise.all([chain.partyOf(participant), chain.pairOf(a, b)]).catch((error: unknown) => {
      silence = errorCode(error) === "chain-unreachable" ? { sinceMs: clock.monotonicMs(), error } : undefined;
      throw error;
    });
    const newest = await records.newest(participant);
    const found = { atMs, signer: party.signer, freeMicro: freeEscrow(pair, newest?.record ?? null, a === participant) };
    seen.set(participant, found);
    return found;
  };
  // What was traded since counts at once.
  const standing = async (participant: string, { signer, freeMicro }: Seen): Promise<Standing> => ({
    signer,
    forecast: forecasts.get(participant) ?? null,
    freeMicro: freeMicro - (await store.unrecordedOwed(participant)),
    untoldSlots: parts.settlesDeviations
      ? await store.untoldSlots(participant, { fromMs: clock.now() - meteredWithinMs, toMs: clock.now() - patienceMs })
      : 0,
  });
  return {
    async of(participant) {
      const known = seen.get(participant);
      const isFresh = known && clock.monotonicMs() - known.atMs < freshMs;
      return standing(participant, isFresh ? known : await ask(participant));
    },
    async fresh(participant) {
      try {
        return await standing(participant, await ask(participant));
      } catch (error) {
        log.warn({ participant, code: errorCode(error), error: errorMessage(error) }, "escrow is that of before");
        const known = seen.get(participant);
        return known ? standing(participant, known) : null;
      }
    },
    forecast: (participant) => forecasts.get(participant) ?? null,
    takeForecast: (forecast) => void forecasts.set(forecast.participant, forecast),
  };
}
