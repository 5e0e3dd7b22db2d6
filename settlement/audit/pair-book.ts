import type { RecordWire } from "../../core/message/settlement-message.ts";
import { zeroHash } from "../record/record.ts";
import type { Journal } from "./journal.ts";
import { periodList, type PeriodList } from "./period-list.ts";
import { recordPlace } from "./places.ts";

interface Held {
  record: RecordWire;
  digest: string;
}

/** The records of all pairs as far as they have come in, in any order. */
export interface PairBooks {
  /** Takes a record in; false where the same one is there already. Says what does not fit to the others. */
  add(record: RecordWire, digest: string): boolean;
  /** Digest of a pair's record; undefined where none is known. */
  digestAt(pair: { a: string; b: string }, seq: number): string | undefined;
  /** Number of a pair's newest record, 0 before the first. */
  newestOf(pair: { a: string; b: string }): number;
  /**
   * Says which records never came.
   * @param isOpen whether some records of a pair cannot be known, because data of an epoch was not there
   */
  end(isOpen: (pair: { a: string; b: string }) => boolean): void;
}

interface Book {
  a: string;
  b: string;
  /** Digests by number, from 1. Numbers are chosen by whoever writes the log: a gap takes no room. */
  digests: Map<number, string>;
  /** Up to here the chain was followed, and the digest there; by the word of a later record where that is missing. */
  reached: number;
  head: string;
  newest: number;
  last: RecordWire | null;
  /** Came before those that they follow. */
  waiting: Map<number, Held>;
  periods: Map<string, PeriodList>;
  /** What trades and corrections follow from, by kind. */
  refs: Set<string>;
}

/** Checks the chain of each pair: numbers, `prev`, totals, and that no service period is settled twice. */
export function pairBooks(say: Journal): PairBooks {
  const books = new Map<string, Book>();
  const bookOf = ({ a, b }: { a: string; b: string }): Book => {
    const key = `${a}${b}`;
    const found = books.get(key);
    if (found) return found;
    const made: Book = {
      a,
      b,
      digests: new Map(),
      reached: 0,
      head: zeroHash,
      newest: 0,
      last: null,
      waiting: new Map(),
      periods: new Map(),
      refs: new Set(),
    };
    books.set(key, made);
    return made;
  };
  const follow = (book: Book, { record, digest }: Held): void => {
    const { last, head: prev } = book;
    if (record.prev !== prev)
      say.find(
        "chains",
        "bad",
        "prev-differs",
        recordPlace(record),
        `prev is ${record.prev}, the record before has digest ${prev}`,
      );
    checkTotals(record, last, say);
    book.digests.set(record.seq, digest);
    book.reached = record.seq;
    book.head = digest;
    book.last = record;
  };
  const followAll = (book: Book): void => {
    for (let next = book.waiting.get(book.reached + 1); next; next = book.waiting.get(book.reached + 1)) {
      book.waiting.delete(next.record.seq);
      follow(book, next);
    }
  };
  return {
    add(record, digest) {
      const book = bookOf(record);
      const { seq } = record;
      const there = book.digests.get(seq) ?? book.waiting.get(seq)?.digest;
      if (there === digest) return false;
      say.checked("chains");
      if (there !== undefined) {
        say.find("chains", "bad", "two-histories", recordPlace(record), `is both ${there} and ${digest}`);
        return true;
      }
      checkPeriod(book, record, say);
      book.newest = Math.max(book.newest, seq);
      book.waiting.set(seq, { record, digest });
      followAll(book);
      return true;
    },
    digestAt: (pair, seq) => {
      const book = books.get(`${pair.a}${pair.b}`);
      return book?.digests.get(seq) ?? book?.waiting.get(seq)?.digest;
    },
    newestOf: (pair) => books.get(`${pair.a}${pair.b}`)?.newest ?? 0,
    end(isOpen) {
      for (const book of books.values())
        for (const next of [...book.waiting.keys()].toSorted((one, other) => one - other)) {
          // Followed already, after one that was missing.
          const held = book.waiting.get(next);
          if (!held) continue;
          const from = book.reached + 1;
          const place = recordPlace({ ...book, seq: from });
          const which = next - 1 === from ? "it" : `${next - from} records`;
          say.find(
            "chains",
            isOpen(book) ? "unknown" : "bad",
            "record-missing",
            place,
            `record ${next} is there, the log has not ${which} before it`,
          );
          // From here on the chain is followed again, by its own word.
          book.reached = next - 1;
          book.head = held.record.prev;
          book.last = null;
          followAll(book);
        }
    },
  };
}

/** Nothing can be said of the totals where the record before is not known. */
function checkTotals(record: RecordWire, last: RecordWire | null, say: Journal): void {
  if (!last && record.seq > 1) return;
  const amount = BigInt(record.amount);
  const cumA = BigInt(last?.cumA ?? "0") + (record.payer === record.a ? amount : 0n);
  const cumB = BigInt(last?.cumB ?? "0") + (record.payer === record.b ? amount : 0n);
  if (BigInt(record.cumA) === cumA && BigInt(record.cumB) === cumB) return;
  say.find(
    "chains",
    "bad",
    "totals-differ",
    recordPlace(record),
    `totals are ${record.cumA} and ${record.cumB}, by the record before and the amount they are ${cumA} and ${cumB}`,
  );
}

/** What is metered, and the reward of a day, is settled once for each period; a trade, a correction and an order once for what it follows from. */
function checkPeriod(book: Book, record: RecordWire, say: Journal): void {
  const { kind, start, end, ref } = record;
  say.checked("periods");
  if (kind === "trade" || kind === "correction" || kind === "flexibility") {
    if (book.refs.has(`${kind} ${ref}`))
      say.find("periods", "bad", "periods-overlap", recordPlace(record), `the ${kind} ${ref} is settled twice between these two`);
    book.refs.add(`${kind} ${ref}`);
  }
  if (kind !== "import" && kind !== "export" && kind !== "reward") return;
  const periods = book.periods.get(kind) ?? periodList();
  book.periods.set(kind, periods);
  if (!periods.add(Date.parse(start), Date.parse(end)))
    say.find("periods", "bad", "periods-overlap", recordPlace(record), `${kind} is settled twice between ${start} and ${end}`);
}
