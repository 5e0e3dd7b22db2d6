import { InstructionList } from "../../core/message/instruction.ts";
import { PriceSeries } from "../../core/message/price-series.ts";
import type { Setting } from "../../core/setting.ts";
import type { Db } from "./open-database.ts";

/** One switching of an appliance as it was written to the device. */
export interface Switching {
  resource: string;
  atMs: number;
  /** Whether it may draw. */
  on: boolean;
  /** Null in rows of releases that knew only on and off. */
  setting: Setting | null;
  reason: string;
}

/** What the aggregator said, and what was switched. */
export interface ControlStore {
  /** The last accepted number and hash of a key on a topic. */
  lastSeen(kid: string, topic: string): { seq: number; hash: string } | undefined;
  /** Commits the number before the message is acted on. */
  see(kid: string, topic: string, seq: number, hash: string): void;
  /** Replaces the list of that resource. */
  saveInstructions(list: InstructionList, acceptedMs: number): void;
  instructions(): Map<string, InstructionList>;
  savePrices(series: PriceSeries): void;
  /** Every stored series that covers some of [from, to), in order of arrival: the first that covers a slot binds. */
  prices(fromMs: number, toMs: number): PriceSeries[];
  journal(switching: Switching): void;
  /** Switchings since an instant, oldest first. */
  switchings(sinceMs: number): Switching[];
  /** How a resource stood just before an instant, however long since; undefined where it was not switched before it. */
  lastBefore(resource: string, atMs: number): Switching | undefined;
  /** The newest switching of each resource, however old. */
  lastSwitchings(): Switching[];
}

interface SwitchingRow {
  resource: string;
  at_ms: number;
  is_on: number;
  reason: string;
  mode: string | null;
  power_w: number | null;
}

/** These in the agent's database. */
export function controlStore(db: Db): ControlStore {
  const getSeen = db.prepare<[string, string], { seq: number; hash: string }>(
    "select seq, hash from replay where kid = ? and topic = ?",
  );
  const putSeen = db.prepare(
    "insert into replay values (?, ?, ?, ?) on conflict (kid, topic) do update set seq = excluded.seq, hash = excluded.hash",
  );
  const putList = db.prepare(
    `insert into instruction_list values (?, ?, ?, ?)
     on conflict (resource) do update set plan = excluded.plan, body = excluded.body, accepted_ms = excluded.accepted_ms`,
  );
  const getLists = db.prepare<[], { body: string }>("select body from instruction_list");
  const putPrices = db.prepare("insert or ignore into price_series (start_ms, end_ms, body) values (?, ?, ?)");
  const getPrices = db.prepare<[number, number], { body: string }>(
    "select body from price_series where start_ms < ? and end_ms > ? order by id",
  );
  const addSwitching = db.prepare(
    "insert into switching (resource, at_ms, is_on, reason, mode, power_w) values (?, ?, ?, ?, ?, ?)",
  );
  const getSwitchings = db.prepare<[number], SwitchingRow>("select * from switching where at_ms >= ? order by id");
  const getBefore = db.prepare<[string, number], SwitchingRow>(
    "select * from switching where resource = ? and at_ms < ? order by at_ms desc, id desc limit 1",
  );
  const getLast = db.prepare<[], SwitchingRow>(
    "select * from switching where id in (select max(id) from switching group by resource) order by id",
  );
  const switching = (row: SwitchingRow): Switching => ({
    resource: row.resource,
    atMs: row.at_ms,
    on: row.is_on === 1,
    setting: row.mode === null ? null : { mode: row.mode, powerW: row.power_w ?? 0 },
    reason: row.reason,
  });
  return {
    lastSeen: (kid, topic) => getSeen.get(kid, topic),
    see: (kid, topic, seq, hash) => void putSeen.run(kid, topic, seq, hash),
    saveInstructions: (list, acceptedMs) => void putList.run(list.resource, list.plan, JSON.stringify(list), acceptedMs),
    instructions: () => {
      const lists = getLists.all().map((row) => InstructionList.parse(JSON.parse(row.body)));
      return new Map(lists.map((list) => [list.resource, list]));
    },
    savePrices(series) {
      const startMs = Date.parse(series.start);
      putPrices.run(startMs, startMs + series.stepS * 1000 * series.importPerKwh.length, JSON.stringify(series));
    },
    prices: (fromMs, toMs) => getPrices.all(toMs, fromMs).map((row) => PriceSeries.parse(JSON.parse(row.body))),
    journal: ({ resource, atMs, on, setting, reason }) =>
      void addSwitching.run(resource, atMs, on ? 1 : 0, reason, setting?.mode ?? null, setting?.powerW ?? null),
    switchings: (sinceMs) => getSwitchings.all(sinceMs).map(switching),
    lastBefore(resource, atMs) {
      const row = getBefore.get(resource, atMs);
      return row && switching(row);
    },
    lastSwitchings: () => getLast.all().map(switching),
  };
}
