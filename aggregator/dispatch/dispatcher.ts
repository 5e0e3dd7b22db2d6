import type { Clock } from "../../core/clock/clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Contracts } from "../reward/under-contract.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Fence } from "../store/lease-store.ts";
import type { Control } from "./control.ts";
import type { Send } from "./sender.ts";

/** Brings instructions to homes: kept first, then sent until they are answered. A list supersedes every earlier one. */
export interface Dispatcher {
  /**
   * A plan, of all appliances of a home, kept and sent, after a while where `afterMs` is given. Dropped where an operator's
   * word stands above plans. @throws AppError mqtt-offline, temporary: it is kept and sent later
   */
  give(site: string, lists: readonly InstructionList[], afterMs?: number): Promise<void>;
  /** An operator's word: at once, ahead of all plans that wait. @throws AppError mqtt-offline, temporary */
  urge(site: string, lists: readonly InstructionList[]): Promise<void>;
  /** Sends again what the home has not answered. */
  resend(site: string): Promise<void>;
  /** The home was another worker's meanwhile: which of its lists is the newest, the store alone knows. */
  gained(site: string): void;
}

/** A list without a future still lives so long on its way. */
const leastLifetimeMs = 60_000;

/** @param options.later hears of what could not be sent after a while */
export function dispatcher(options: {
  store: Pick<AggregatorStore, "savePlans" | "unanswered">;
  send: Send;
  control: Control;
  /** Lists as a home's contract lets them be sent, and what they do to the times of control, which is kept with them. */
  contracts: Pick<Contracts, "underContract" | "changesBy">;
  /** What must be shown to write a plan, where there are several workers. @throws AppError lease-lost */
  fenceOf?: (site: string) => Fence | undefined;
  clock: Clock;
  later: (work: Promise<void>) => Promise<void>;
  signal: AbortSignal;
}): Dispatcher {
  const { store, clock, control } = options;
  /** Plan ids of the newest list of each appliance, by home: a list that was read before a newer one was kept must not follow it. */
  const newest = new Map<string, Map<string, string>>();
  const sendList = async (site: string, list: InstructionList): Promise<void> => {
    if ((newest.get(site)?.get(list.resource) ?? list.plan) !== list.plan) return;
    const untilMs = Math.max(clock.now() + leastLifetimeMs, ...list.instructions.map(({ validUntil }) => Date.parse(validUntil)));
    const lifetimeS = Math.ceil((untilMs - clock.now()) / 1000);
    await options.send(site, "instruction", `instr/${list.resource}`, list, { lifetimeS });
  };
  const sendAll = async (site: string, lists: readonly InstructionList[]): Promise<void> => {
    await Promise.all(lists.map((list) => sendList(site, list)));
  };
  const resend = async (site: string): Promise<void> => {
    for (const list of await store.unanswered(site)) await sendList(site, list);
  };
  const keeping = new Map<string, Promise<unknown>>();
  /**
   * Kept one after the other for each home, and all lists of a plan before any is sent: they share the house's limit, so none
   * may stay behind when the broker is away.
   */
  const keep = (site: string, lists: readonly InstructionList[], may: () => boolean): Promise<InstructionList[]> => {
    const kept = (keeping.get(site) ?? Promise.resolve()).then(async () => {
      if (!may()) return [];
      const fence = options.fenceOf?.(site);
      const nowMs = clock.now();
      const named = await options.contracts.underContract(site, lists, nowMs);
      const changes = await options.contracts.changesBy(site, named, nowMs);
      // Where the home is another worker's by now, nothing of it is written.
      await store.savePlans(site, named, nowMs, fence, changes);
      const own = newest.get(site) ?? new Map<string, string>();
      newest.set(site, own);
      for (const { resource, plan } of named) own.set(resource, plan);
      return named;
    });
    const settled = kept.catch(() => undefined);
    keeping.set(site, settled);
    void settled.then(() => keeping.get(site) === settled && keeping.delete(site));
    return kept;
  };
  return {
    async give(site, lists, afterMs = 0) {
      const kept = await keep(site, lists, () => control.wordFor(site) === null);
      if (kept.length === 0) return;
      if (afterMs === 0) await sendAll(site, kept);
      else clock.after(afterMs, () => options.later(resend(site)), options.signal);
    },
    async urge(site, lists) {
      await sendAll(site, await keep(site, lists, () => true));
    },
    resend,
    gained: (site) => void newest.delete(site),
  };
}
