import { createHash } from "node:crypto";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { UftpMessage } from "../../core/message/uftp.ts";
import { localDateOf, localDayStart } from "../../core/slots.ts";
import { uftpWindowMs } from "../../core/uftp/uftp-envelope.ts";
import type { MarketConfig } from "../config/market-config.ts";
import type { MarketStore } from "../store/open-market-store.ts";
import { flexOperator, type FlexOperator } from "./flex-operator.ts";
import type { Period } from "./period.ts";
import { seatOf } from "./kept-step.ts";
import { readMetered, type MeteredRow } from "./read-metered.ts";
import { dayAfter, sessionTerms } from "./session-terms.ts";

/** As it is remembered against replay: the same for the same message, whatever its signature's text. */
const digestOf = (message: UftpMessage): string => createHash("sha256").update(JSON.stringify(message)).digest("hex");

/** The grid operator's sessions, one a local day. */
export interface FlexSessions {
  /** @throws AppError market-flex-no-session */
  take(message: UftpMessage): Promise<void>;
  /** Opens the session of a day once the one before has begun, and does what is due in each. */
  step(): Promise<void>;
  /** Says again what has no answer yet. */
  remind(): Promise<void>;
  /** Reads what the meter operator has put there, for days that are over. */
  readMeters(): Promise<void>;
  /** Messages that were taken before a restart and could be believed again. */
  known(): { sender: string; id: string; digest: string; untilMs: number }[];
  /** By local day. */
  sessions(): ReadonlyMap<string, FlexOperator>;
  /** Resolves when nothing is being done. */
  idle(): Promise<void>;
}

export async function flexSessions(options: {
  config: MarketConfig;
  store: MarketStore;
  send: (messages: readonly UftpMessage[]) => void;
  uuid: () => string;
  now: () => number;
  /** Whether nothing more comes of a session that is over; left out, nothing does. */
  isDone?: (operator: FlexOperator) => Promise<boolean>;
  log: Log;
}): Promise<FlexSessions> {
  const { config, store, send, uuid, now, log } = options;
  const { timezone, flexibility } = config;
  const running = new Map<string, FlexOperator>();
  const known: ReturnType<FlexSessions["known"]> = [];
  const told = new Set<string>();
  let last: Promise<void> = Promise.resolve();
  /** Before this nothing is due. */
  let wakeMs = 0;

  const keptDays = Math.ceil(flexibility.settleMs / 86_400_000) + 3;
  for (const date of await store.openPeriods(keptDays)) await open(date);
  await step();
  return {
    async take(message) {
      const operator =
        "Period" in message ? running.get(message.Period) : [...running.values()].find((one) => one.concerns(message));
      if (!operator) {
        const [what, days] = ["Period" in message ? `for ${message.Period}` : "with its offer or order", [...running.keys()]];
        throw new AppError(
          "market-flex-no-session",
          `no session ${what} is open for this ${message.Message}; those of ${days.toSorted().join(", ") || "no day"} are`,
        );
      }
      await operator.take(message);
      wakeMs = 0;
    },
    step() {
      if (now() < wakeMs) return last;
      const mine = last.then(step);
      last = mine.catch(() => undefined);
      return mine;
    },
    async remind() {
      for (const operator of running.values()) await operator.remind();
    },
    readMeters,
    known: () => known,
    sessions: () => running,
    idle: () => last,
  };

  async function open(date: string): Promise<void> {
    const kept = store.steps(date);
    // Until the gate of its prognoses it goes by the configuration, then by what that was at the gate.
    const rules = (await kept.rules()) ?? flexibility;
    const period = { date, timezone, slotMinutes: rules.slotMinutes };
    for (const { source } of await kept.steps())
      if (source && Date.parse(source.TimeStamp) + uftpWindowMs >= now())
        known.push({
          sender: source.SenderDomain,
          id: source.MessageID,
          digest: digestOf(source),
          untilMs: Date.parse(source.TimeStamp) + uftpWindowMs,
        });
    const { domain, currency } = config;
    running.set(
      date,
      await flexOperator({
        domain,
        currency,
        period,
        terms: sessionTerms(rules, period),
        store: { steps: kept.steps, add: (done, begins) => kept.add(done, begins ? rules : null) },
        send,
        uuid,
        now,
        log,
      }),
    );
  }

  async function step(): Promise<void> {
    const today = localDateOf(now(), timezone);
    const tomorrow = dayAfter(today, timezone);
    for (const date of [today, tomorrow]) {
      if (running.has(date)) continue;
      const period: Period = { date, timezone, slotMinutes: flexibility.slotMinutes };
      // Nobody could have sent a prognosis for a day whose gate had passed when this began.
      if (sessionTerms(flexibility, period).gates.prognosesMs > now()) await open(date);
    }
    const failures: unknown[] = [];
    // One that cannot go on holds up no other.
    for (const [date, operator] of running) await goOn(date, operator).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    const nextDayMs = localDayStart(tomorrow, timezone) ?? 0;
    wakeMs = Math.min(nextDayMs, ...[...running.values()].map((operator) => operator.dueMs()));
  }

  async function goOn(date: string, operator: FlexOperator): Promise<void> {
    const before = operator.session().phase.is;
    await operator.step();
    const after = operator.session().phase.is;
    if (after !== before) log.info({ period: date, phase: after }, "session goes on");
    const isOver = after === "closed" || (after === "frozen" && now() > (localDayStart(dayAfter(date, timezone), timezone) ?? 0));
    if (!isOver || !((await options.isDone?.(operator)) ?? true)) return;
    await store.steps(date).close();
    running.delete(date);
  }

  async function readMeters(): Promise<void> {
    const { meteredFolder } = flexibility;
    if (meteredFolder === undefined) return;
    for (const [date, operator] of running) {
      if (operator.session().phase.is !== "settle") continue;
      wakeMs = 0;
      await unlessBad(async () => {
        for (const row of readMetered(meteredFolder, date) ?? []) await unlessBad(() => takeMetered(date, operator, row));
      });
    }
  }

  async function takeMetered(date: string, operator: FlexOperator, row: MeteredRow): Promise<void> {
    const { terms, seats } = operator.session();
    const { participant, point, wh } = row;
    const seat = seatOf(terms, participant, point);
    if (wh.length !== terms.grid.slots)
      throw new AppError(
        "market-bad-metered",
        `${date}: ${participant} at ${point} has ${wh.length} values, expected ${terms.grid.slots}`,
      );
    if (seat >= 0 && seats[seat]?.meteredWh === null) await operator.metered(seat, wh);
  }

  /** Says once what is wrong, and holds up nothing else. */
  async function unlessBad(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const words = errorMessage(error);
      if (!told.has(words)) log.error({ code: errorCode(error), error: words }, "meter values cannot be used");
      told.add(words);
    }
  }
}
