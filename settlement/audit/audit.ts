import { AppError } from "../../core/app-error.ts";
import type { ArchiveLine } from "../log/archive.ts";
import type { ChainEvent } from "../chain/chain-events.ts";
import type { EpochSource } from "../log/epoch-source.ts";
import { auditArchive, sayUngiven } from "./audit-archive.ts";
import { auditLog, sayPublishedAlone } from "./audit-log.ts";
import { auditHeads, auditMoney } from "./audit-money.ts";
import type { ChainView } from "./chain-view.ts";
import { type AuditReport, journal, type Journal } from "./journal.ts";
import { keyHistory } from "./key-history.ts";
import { leafTimes } from "./leaf-times.ts";
import { pairBooks } from "./pair-book.ts";
import type { AuditState } from "./record-intake.ts";
import { signatureCheck } from "./signature-check.ts";
import { type SignaturePool, signaturePool } from "./signature-pool.ts";
import { tradeLegs } from "./trade-legs.ts";

export interface AuditOptions {
  view: ChainView;
  /** The block in which the contract was created, or an earlier one. */
  fromBlock: number;
  /** The last block that is looked at; the newest by default. */
  toBlock?: number;
  /** Asked in this order for the data of epochs. */
  sources: readonly EpochSource[];
  /** What the parties keep, with the number of its line. */
  archive?: AsyncIterable<{ line: number; entry: ArchiveLine }>;
  /** Threads that check signatures; 0 for none beside this one. */
  threads: number;
}

/**
 * Recomputes everything that a settlement contract and the data published for it say: who could sign when, what each epoch
 * holds, every record, what was settled, and where the money is. What could not be had is unknown, never bad.
 * Memory grows by some hundred bytes a record.
 * @throws AppError of the chain view, archive-malformed, audit-chain-changed (temporary) where the chain was reorganised
 * meanwhile, audit-thread-died
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const { view, fromBlock, sources } = options;
  const toBlock = options.toBlock ?? (await view.newestBlock());
  const hash = await view.hashOf(toBlock);
  const say = journal();
  const events: ChainEvent[] = [];
  for await (const page of view.events({ fromBlock, toBlock })) for (const event of page.events) events.push(event);
  say.checked("events", events.length);
  const older = fromBlock > 0 ? await view.existedAt(fromBlock - 1) : false;
  if (older)
    say.find("events", "unknown", "history-incomplete", `block ${fromBlock}`, "the contract is older; begin with its own block");

  const pool = signaturePool(options.threads);
  try {
    const state = stateOf(view, events, pool, say);
    await auditLog(state, sources);
    if (options.archive) await auditArchive(state, options.archive);
    else sayUngiven(state, 0);
    sayPublishedAlone(state);
    auditHeads(state);
    sayWhatIsMissing(state);
    await auditMoney(state, view, toBlock, older === null ? null : !older);
    await state.signatures.end();
  } finally {
    await pool.close();
  }
  if ((await view.hashOf(toBlock)) !== hash)
    throw new AppError("audit-chain-changed", `block ${toBlock} was replaced during the audit; run it again`, {
      temporary: true,
    });
  return say.report();
}

function stateOf({ domain }: ChainView, events: readonly ChainEvent[], pool: SignaturePool, say: Journal): AuditState {
  const keys = keyHistory(events);
  return {
    domain,
    say,
    events,
    keys,
    books: pairBooks(say),
    signatures: signatureCheck(pool, keys, say),
    leaves: leafTimes(),
    trades: tradeLegs(say),
    heads: new Map(events.flatMap((event) => (event.name === "Settled" ? [[event.head, null]] : []))),
    without: new Set(),
    unexplained: new Set(),
    hiding: new Set(),
    newestEpochS: new Map(),
    records: 0,
  };
}

/** Records and legs of trades that never came, once everything that was to be had has been seen. */
function sayWhatIsMissing({ books, trades, without, hiding, unexplained, newestEpochS }: AuditState): void {
  const mayHide = ({ a, b }: { a: string; b: string }): boolean =>
    [a, b].some((party) => without.has(party) || (hiding.has(party) && unexplained.size > 0));
  trades.end(({ record, loggedS }) => {
    const overtaken = [record.a, record.b].some((party) => (newestEpochS.get(party) ?? 0) > loggedS);
    return mayHide(record) || !overtaken;
  });
  books.end(mayHide);
}
