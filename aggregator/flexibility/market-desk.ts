import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { UftpMessage } from "../../core/message/uftp.ts";
import { lastLocalTime, localDateOf, localDayStart, slotsOfLocalDay, type Slot } from "../../core/slots.ts";
import type { MarketAccess } from "../config/market-config.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { FlexDay, KeptOrder, KeptPrognosis } from "../store/flex-order-store.ts";
import type { FeederPortfolio, OpenPortfolio } from "./feeder-portfolio.ts";
import { lastingPlanner } from "./lasting-planner.ts";
import { relyingOnBoth, type Lost, type Relied } from "./reliance.ts";
import { flexDesk, type BindingOrder, type FlexDesk, type FlexDeskState, type FlexPlanner } from "./flex-desk.ts";

/** All sessions of an aggregator with its grid operator: one for each congestion point and local day. */
export interface MarketDesk {
  /** A request, order or answer of the grid operator. Resolves once an order is kept. @throws AppError flex-no-session */
  take(message: UftpMessage): Promise<void>;
  /**
   * Sends prognoses when their time has come, and again where the homes have changed before anybody asked. Takes back offers that rest
   * on homes that are not there any more, or on room of a feeder that an operator has taken away.
   */
  step(): Promise<void>;
  /** Takes back what was offered for a day. @throws AppError flex-no-session, flex-order-binding */
  withdraw(day: FlexDay, who: string): Promise<void>;
  sessions(): (FlexDay & FlexDeskState & { feeder: string })[];
}

/** On what the offers of a session rest; null where an older version has made them and nobody has looked since. */
interface Basis {
  relied: Relied | null;
}

interface Session extends FlexDay {
  feeder: string;
  startMs: number;
  desk: FlexDesk;
  basis: Basis;
  /** When the homes were looked at last, ms, and when it was asked whether they still do what was offered. */
  lookedMs: number;
  checkedMs: number;
  turn: Promise<unknown>;
}

const slotMinutes = 15;
const hourMs = 3_600_000;
/** Until somebody asks, a prognosis is looked at anew so often, and told anew where it is off by more than this. */
const lookMs = 10 * 60_000;
const offW = 200;
const offShare = 0.02;
/** What gateways have told is read again so often while something is offered. */
const checkMs = 60_000;
/** Where no prognosis could be made, it is tried again so often. */
const retryMs = 60_000;

export function marketDesk(options: {
  access: MarketAccess;
  store: AggregatorStore;
  portfolio: FeederPortfolio;
  send: (messages: readonly UftpMessage[]) => void;
  /** An order binds the homes of a feeder; again where the first time failed. */
  onOrder: (order: KeptOrder, feeder: string) => Promise<void>;
  /** A request of the grid operator was answered, and how long that took. */
  onAnswer?: (seconds: number) => void;
  uuid: () => string;
  clock: Clock;
  log: Log;
}): MarketDesk {
  const { access, store, portfolio, send, uuid, clock, log } = options;
  const { timezone } = access;
  const sessions = new Map<string, Session>();
  const triedMs = new Map<string, number>();
  let droppedBefore = "";
  const now = (): number => clock.now();
  const keyOf = ({ point, date }: FlexDay): string => `${date} ${point}`;
  const slotsOf = (date: string): Slot[] => slotsOfLocalDay(date, timezone, slotMinutes);

  const openDesk = async (
    day: FlexDay,
    planner: FlexPlanner,
    basis: Basis,
    known: { prognosis: KeptPrognosis | null; order: BindingOrder | null },
  ): Promise<FlexDesk> => {
    const slots = slotsOf(day.date);
    const feeder = feederOf(day.point);
    return flexDesk({
      place: {
        domain: access.domain,
        operator: access.operator.domain,
        currency: access.currency,
        ...day,
        timezone,
        slotMinutes,
        slots: slots.length,
        startMs: slots[0]?.startMs ?? 0,
      },
      desk: planner,
      known: { ...known, offers: await store.flexOffers(day) },
      keep: {
        prognosis: (kept) => store.saveFlexPrognosis(day, { ...kept, relied: basis.relied }),
        offer: (offer) => store.addFlexOffer({ ...offer, ...day }),
        revoked: (id) => store.revokeFlexOffer(id),
      },
      onOrder: (order) => ordered(day, feeder, order, basis),
      uuid,
      now,
      log,
    });
  };
  const feederOf = (point: string): string => access.points.find((one) => one.point === point)?.feeder ?? "";

  async function ordered(day: FlexDay, feeder: string, order: BindingOrder, basis: Basis): Promise<boolean> {
    const slots = slotsOf(day.date);
    const kept: KeptOrder = {
      ...order,
      ...day,
      timezone,
      slotMinutes,
      startMs: slots[0]?.startMs ?? 0,
      endMs: slots.at(-1)?.endMs ?? 0,
      orderedMs: now(),
      netMicro: null,
      agreedMs: null,
    };
    const { reference, price } = order;
    const isNew = await store.audited(
      (part) => part.addFlexOrder(kept),
      (done) =>
        done
          ? {
              atMs: now(),
              who: access.operator.domain,
              action: "flex.order",
              site: null,
              detail: { ...day, reference, price: String(price) },
            }
          : null,
    );
    if (isNew) log.info({ ...day, feeder, order: reference, price }, "flexibility ordered, the homes are planned by it");
    // What follows may have failed the last time, after the order was kept.
    const binds = isNew || isSameOrder(await store.flexOrder(reference), kept);
    if (binds) await options.onOrder(kept, feeder);
    // Nothing is taken back any more; what homes have need not be kept.
    if (binds) basis.relied = null;
    return binds;
  }

  /** Reads the homes of a day's session anew. */
  const reading = (day: FlexDay) => async (): Promise<FlexPlanner> => {
    const feeder = feederOf(day.point);
    const made = await portfolio.open(feeder, slotsOf(day.date), access.terms);
    if (!made) throw new AppError("flex-no-portfolio", `the homes of ${feeder} cannot be planned for ${day.date} now`);
    const session = sessions.get(keyOf(day));
    if (session) await keepBasis(session, relyingOnBoth(session.basis.relied, made.relied));
    return made.planner;
  };
  const keepBasis = async (session: Session, relied: Relied): Promise<void> => {
    session.basis.relied = relied;
    const stored = await store.flexPrognosis(session);
    if (stored) await store.saveFlexPrognosis(session, { ...stored, relied });
  };
  const lasting = (day: FlexDay, planner: FlexPlanner): FlexPlanner => lastingPlanner(planner.prognosis(), reading(day), planner);

  /** What is kept of a day that this process has not begun itself. */
  const restored = async (day: FlexDay): Promise<Session | null> => {
    const feeder = feederOf(day.point);
    const prognosis = await store.flexPrognosis(day);
    const slots = slotsOf(day.date);
    const [first, last] = [slots[0], slots.at(-1)];
    if (!prognosis || !first || !last) return null;
    const order = (await store.flexOrders(first.startMs, last.endMs)).find((one) => one.point === day.point) ?? null;
    const { powerW, parties, cost } = prognosis;
    const planner = lastingPlanner({ powerW, parties, cost: BigInt(cost) }, reading(day));
    const basis = { relied: prognosis.relied };
    const desk = await openDesk(day, planner, basis, { prognosis, order });
    if (now() < first.startMs) send(desk.revocations());
    const session: Session = {
      ...day,
      feeder,
      startMs: first.startMs,
      desk,
      basis,
      lookedMs: now(),
      checkedMs: -Infinity,
      turn: Promise.resolve(),
    };
    return session;
  };
  const sessionOf = async (day: FlexDay): Promise<Session | null> => {
    const key = keyOf(day);
    const found = sessions.get(key) ?? (await restored(day));
    if (found && !sessions.has(key)) sessions.set(key, found);
    return sessions.get(key) ?? null;
  };
  const begin = async (day: FlexDay): Promise<void> => {
    const known = await sessionOf(day);
    if (known) return inTurn(known, async () => send([await known.desk.prognosis()]));
    const slots = slotsOf(day.date);
    const feeder = feederOf(day.point);
    const made = await portfolio.open(feeder, slots, access.terms);
    if (!made) return;
    const { planner, relied } = made;
    const basis = { relied };
    const desk = await openDesk(day, lasting(day, planner), basis, { prognosis: null, order: null });
    // A session whose prognosis was not kept is none: it is begun anew.
    const prognosis = await desk.prognosis();
    sessions.set(keyOf(day), {
      ...day,
      feeder,
      startMs: slots[0]?.startMs ?? 0,
      desk,
      basis,
      lookedMs: now(),
      checkedMs: now(),
      turn: Promise.resolve(),
    });
    log.info({ ...day, feeder, homes: planner.prognosis().parties }, "prognosis for the grid operator");
    send([prognosis]);
  };
  /** The homes may have changed since: told anew while nobody has asked. */
  const lookAgain = async (session: Session): Promise<void> => {
    const before = session.desk.state();
    if (before.answered > 0 || before.order || before.withdrawn || now() >= session.startMs) return;
    session.lookedMs = now();
    const made = await portfolio.open(session.feeder, slotsOf(session.date), access.terms);
    const stored = await store.flexPrognosis(session);
    if (!made || !stored || session.desk.state().answered > 0) return;
    const { planner, relied } = made;
    const { powerW, parties, cost } = planner.prognosis();
    const most = Math.max(offW, offShare * Math.max(0, ...powerW.map(Math.abs)));
    if (powerW.every((watts, slot) => Math.abs(watts - (before.prognosisW[slot] ?? 0)) <= most)) return;
    const earlier = [...stored.earlier, { messageId: stored.messageId, powerW: stored.powerW }];
    const prognosis: KeptPrognosis = { ...stored, powerW: [...powerW], parties, cost: String(cost), earlier, relied };
    const day = { point: session.point, date: session.date };
    const basis = { relied };
    const desk = await openDesk(day, lasting(day, planner), basis, { prognosis, order: null });
    // Where it cannot be kept, the one that was told holds on.
    const said = await desk.prognosis();
    Object.assign(session, { desk, basis });
    log.info(day, "the homes have changed: another prognosis");
    send([said]);
  };
  /** What nobody will deliver must not be ordered: open offers are taken back, and the rounds go on with the homes that are there. */
  const keepDeliverable = async (session: Session): Promise<void> => {
    const { answered, offer, order, withdrawn } = session.desk.state();
    if ((offer === null && answered === 0) || order || withdrawn || now() >= session.startMs) return;
    const reopen = () => portfolio.open(session.feeder, slotsOf(session.date), access.terms);
    session.basis.relied ??= (await reopen())?.relied ?? null;
    const { relied } = session.basis;
    const isThorough = now() - session.checkedMs >= checkMs;
    const lost = relied && (await portfolio.lost(relied, session.startMs, isThorough));
    if (lost) await takeBack(session, lost, await reopen());
    // Not before all of it is done: an order that comes after a failure must not pass unseen.
    if (isThorough) session.checkedMs = now();
  };
  const takeBack = async (session: Session, lost: Lost, made: OpenPortfolio | null): Promise<void> => {
    const said = made ? await session.desk.replan(lasting(session, made.planner)) : await session.desk.revoke();
    const { point, date } = session;
    log.warn({ point, date, ...lost, offers: said.length }, "what was offered cannot be relied on any more: it is taken back");
    send(said);
    await keepBasis(session, made?.relied ?? { homes: [], limits: [] });
  };
  const inTurn = (session: Session, work: () => Promise<void>): Promise<void> => {
    const mine = session.turn.then(work);
    session.turn = mine.catch((error: unknown) =>
      log.warn(
        { point: session.point, code: errorCode(error), error: errorMessage(error) },
        "message of the grid operator not answered",
      ),
    );
    return mine;
  };
  const answer = async (session: Session, message: UftpMessage): Promise<void> => {
    // What homes and operators did while nobody looked: an order must not rest on it.
    if (message.Message === "FlexOrder" && session.checkedMs === -Infinity) await keepDeliverable(session);
    const beganMs = clock.monotonicMs();
    const said = await session.desk.take(message);
    send(said);
    if (message.Message === "FlexRequest" && said.length > 0) options.onAnswer?.((clock.monotonicMs() - beganMs) / 1000);
  };

  return {
    async take(message) {
      if ("Period" in message) {
        const day = { point: message.CongestionPoint, date: message.Period };
        const session = isDate(day.date) && feederOf(day.point) !== "" ? await sessionOf(day) : null;
        if (!session)
          throw new AppError(
            "flex-no-session",
            `nothing was told from here about ${day.point} on ${day.date}; expected one of ${access.points.map(({ point }) => point).join(", ")}`,
          );
        const done = inTurn(session, () => answer(session, message));
        // An order is kept before it counts as taken; answering a round takes the time it takes.
        if (message.Message === "FlexOrder") await done;
        else clock.hold(done).catch(() => undefined);
        return;
      }
      for (const session of sessions.values()) await inTurn(session, () => answer(session, message)).catch(() => undefined);
    },
    async step() {
      const nowMs = now();
      const today = localDateOf(nowMs, timezone);
      const startMs = localDayStart(today, timezone) ?? 0;
      const tomorrow = localDateOf(startMs + 36 * hourMs, timezone);
      for (const [key, { date }] of sessions)
        if (date < today) {
          sessions.delete(key);
          triedMs.delete(key);
        }
      if (droppedBefore !== today) await store.dropFlexOffers(today);
      droppedBefore = today;
      for (const session of sessions.values()) await inTurn(session, () => keepDeliverable(session)).catch(() => undefined);
      if (lastLocalTime(access.prognosisAt, timezone, nowMs) < startMs) return;
      for (const { point } of access.points) {
        const day = { point, date: tomorrow };
        const key = keyOf(day);
        const session = sessions.get(key);
        if (session && nowMs - session.lookedMs < lookMs) continue;
        if (!session && nowMs - (triedMs.get(key) ?? -Infinity) < retryMs) continue;
        triedMs.set(key, nowMs);
        if (session) await inTurn(session, () => lookAgain(session));
        else await begin(day);
      }
    },
    async withdraw(day, who) {
      const session = isDate(day.date) ? await sessionOf(day) : null;
      if (!session) throw new AppError("flex-no-session", `nothing was told about ${day.point} on ${day.date}`);
      await inTurn(session, async () => {
        const { order } = session.desk.state();
        if (order) throw new AppError("flex-order-binding", `order ${order.reference} binds: it cannot be taken back`);
        const said = await session.desk.revoke();
        await store.audited(
          async () => undefined,
          () => ({ atMs: now(), who, action: "flex.withdraw", site: null, detail: { ...day, offers: said.length } }),
        );
        send(said);
      });
    },
    sessions: () => [...sessions.values()].map(({ point, date, feeder, desk }) => ({ point, date, feeder, ...desk.state() })),
  };
}

const isSameOrder = (known: KeptOrder | null, { point, date, price, penaltyPerKwh, powerW }: KeptOrder): boolean =>
  known?.point === point &&
  known.date === date &&
  known.price === price &&
  known.penaltyPerKwh === penaltyPerKwh &&
  known.powerW.every((watts, slot) => watts === powerW[slot]);

const isDate = (text: string): boolean => localDayStart(text, "UTC") !== undefined;
