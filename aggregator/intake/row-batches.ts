import { Measurements } from "../../core/message/measurements.ts";
import type { SiteMessage } from "../dispatch/broker-link.ts";
import { parseBody, parseJson } from "./parse-body.ts";

/** Messages with rows, on their way into the store. */
export interface RowBatches {
  /** Resolves when its rows were stored and answered, or refused. */
  add(message: SiteMessage): Promise<void>;
  /** Resolves when all rows of a home that came were stored or refused; undefined where none are under way. */
  under(site: string): Promise<void> | undefined;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

/** A batch of so many messages, or characters, does not wait for what is just arriving. */
const enough = { messages: 4000, length: 1024 * 1024 };
/** Rows of one run that are stored together. */
const mostRowsTogether = 1500;

/** Rows of one run, in the order in which they came. */
interface RunRows {
  topic: string;
  rows: Measurements;
}

/** What came of one home: runs, messages and their characters. */
interface HomeRows {
  runs: RunRows[];
  messages: number;
  length: number;
}

interface Batch {
  done: PromiseWithResolvers<void>;
  bySite: Map<string, HomeRows>;
  /** Not read yet, so that a flood costs its characters and no more. */
  unread: SiteMessage[];
  messages: number;
  length: number;
}

const emptyBatch = (): Batch => ({
  done: Promise.withResolvers(),
  bySite: new Map(),
  unread: [],
  messages: 0,
  length: 0,
});

/**
 * Gathers what comes in quick succession, and what comes while a batch is stored, so that many messages share what a commit
 * costs. There is no timer: what comes alone is stored at once. Rows of one run that came one after the other are stored
 * together and have one answer.
 */
export function rowBatches(options: {
  /** Stores rows of one run, and answers; those of the same run in the order in which they are handed over. */
  store: (site: string, rows: Measurements) => Promise<void>;
  refuse: (message: Pick<SiteMessage, "topic">, error: unknown) => void;
  /** Messages of a home, and their characters, that do not wait any more. */
  done: (site: string, messages: number, length: number) => void;
}): RowBatches {
  const { refuse } = options;
  let waiting = emptyBatch();
  let writing: Batch | undefined;
  let looking = false;
  const read = ({ bySite }: Batch, message: SiteMessage): void => {
    let rows: Measurements;
    try {
      rows = parseBody(Measurements, parseJson(message.text));
    } catch (error) {
      return refuse(message, error);
    }
    const { runs } = ofHome(bySite, message.site);
    const last = runs.at(-1);
    if (last?.rows.boot === rows.boot && last.rows.items.length + rows.items.length <= mostRowsTogether)
      joinRows(last.rows, rows);
    else runs.push({ topic: message.topic, rows });
  };
  const write = async (batch: Batch): Promise<void> => {
    for (const message of batch.unread.splice(0)) read(batch, message);
    // All at once: a home that begins anew with each message must not keep the others waiting for its runs one by one.
    const all = [...batch.bySite].flatMap(([site, { runs }]) =>
      runs.map((run) => options.store(site, run.rows).catch((error: unknown) => refuse(run, error))),
    );
    await Promise.all(all);
  };
  const begin = (): void => {
    if (writing || waiting.messages === 0) return;
    const batch = waiting;
    writing = batch;
    waiting = emptyBatch();
    void write(batch).then(() => {
      writing = undefined;
      for (const [site, { messages, length }] of batch.bySite) options.done(site, messages, length);
      batch.done.resolve();
      begin();
    });
  };
  /** Looks once a turn of the event loop until one has brought nothing more. */
  const look = (seen: number): void => {
    setImmediate(() => {
      const { messages, length } = waiting;
      if (messages > seen && messages < enough.messages && length < enough.length) return look(messages);
      looking = false;
      begin();
    });
  };
  return {
    add(message) {
      const batch = waiting;
      const { length } = message.text;
      batch.messages++;
      batch.length += length;
      const own = ofHome(batch.bySite, message.site);
      own.messages++;
      own.length += length;
      if (batch.length < enough.length) read(batch, message);
      else batch.unread.push(message);
      if (!looking && !writing) {
        looking = true;
        look(batch.messages);
      }
      return batch.done.promise;
    },
    under: (site) => [waiting, writing].find((batch) => batch?.bySite.has(site))?.done.promise,
    async settled() {
      while (waiting.messages > 0 || writing) await (waiting.messages > 0 ? waiting : writing)?.done.promise;
    },
  };
}

/** All but the rows as the newest message has it. */
function joinRows(rows: Measurements, more: Measurements): void {
  rows.items.push(...more.items);
  if (more.receipted !== undefined) rows.receipted = more.receipted;
}

function ofHome(bySite: Batch["bySite"], site: string): HomeRows {
  const own = bySite.get(site) ?? { runs: [], messages: 0, length: 0 };
  if (own.messages === 0) bySite.set(site, own);
  return own;
}
