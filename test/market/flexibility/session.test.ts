import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openSession } from "../../../market/flexibility/session.ts";
import { sessionStep, type SessionEvent } from "../../../market/flexibility/session-step.ts";
import {
  all,
  cars,
  deskOf,
  flowOf,
  honest,
  load,
  minuteMs,
  oneFeeder,
  playSession,
  silent,
  termsOf,
  type Manner,
} from "./flex-rig.ts";

const three = () => cars.map((car) => deskOf([car]));
const codes = (out: ReturnType<typeof playSession>["out"]): string[] => out.flatMap((one) => ("code" in one ? [one.code] : []));

describe("a session of the round protocol", () => {
  it("leaves prognoses alone that keep every limit", () => {
    const { session, phases, out } = playSession(termsOf(oneFeeder(14_000), 3), three());
    expect(phases).toEqual(["prognosis", "frozen"]);
    expect(out).toEqual([]);
    expect(session.seats.every(({ order }) => order === null)).toBe(true);
  });

  it("goes through rounds, repair, clearing, new prognoses and delivery, and pays what was asked", () => {
    const { session, phases, out } = playSession(termsOf(oneFeeder(8000), 3), three(), undefined, 400 * minuteMs);
    expect(phases).toEqual(["prognosis", "round", "repair", "reprognosis", "operate"]);
    expect(session.roundsEnded).toBe("converged");
    expect(Math.max(...flowOf(session))).toBeLessThanOrEqual(8000);
    expect(session.shortfall).toEqual([]);
    // 1.40 alone, 1.70 under the limit.
    const paid = session.seats.reduce((sum, { order }) => sum + (order?.price ?? 0n), 0n);
    expect(Number(paid) / 1e6).toBeGreaterThan(0.2999);
    expect(Number(paid) / 1e6).toBeLessThan(0.317);
    expect((session.prices[0]?.[0] ?? 0) * 1000).toBeCloseTo(0.05, 2);
    expect(out.filter(({ is }) => is === "order").length).toBeGreaterThan(0);
  });

  it("leaves room to those who take no part and send no prognosis", () => {
    const terms = termsOf(oneFeeder(10_000, Infinity, 1000), 4);
    const seats = terms.seats.map((seat, index) => (index === 3 ? { ...seat, expectedW: [1000, 0, 0, 0] } : seat));
    const { session } = playSession(
      { ...terms, seats },
      [...three(), deskOf([load(4, 4, all)])],
      [honest, honest, honest, silent],
    );
    // 1 kW of base load and 1 kW that is expected of the silent one.
    expect(flowOf(session)[0]).toBeLessThanOrEqual(9000);
    expect(session.shortfall).toEqual([]);
  });

  it("names what no plan can meet, and ends", () => {
    const { session, out, phases } = playSession(termsOf(oneFeeder(2000), 3), three());
    expect(phases.at(-1)).toBe("closed");
    expect(session.shortfall.length).toBeGreaterThan(0);
    expect(session.shortfall[0]?.message).toMatch(/^line feeder carries \d+ W more than its import limit/);
    expect(out.some(({ is }) => is === "shortfall")).toBe(true);
  });

  it("names the shortfall where what is asked is above the reserve price", () => {
    const { session, out } = playSession(termsOf(oneFeeder(8000), 3, { reserve: 10_000n }), three());
    expect(codes(out)).toContain("market-flex-above-reserve");
    expect(session.shortfall.length).toBeGreaterThan(0);
    expect(session.seats.every(({ order }) => order === null)).toBe(true);
  });

  it("goes on with the others when one vanishes between two rounds, and takes it at its last word", () => {
    let rounds = 0;
    const vanishing: Manner = (answer) => (answer.is === "offer" && (rounds += 1) > 3 ? [] : [answer]);
    const { session, phases } = playSession(termsOf(oneFeeder(8000), 3), three(), [vanishing, honest, honest]);
    expect(phases).toContain("reprognosis");
    expect(Math.max(...flowOf(session))).toBeLessThanOrEqual(8000);
    expect(session.shortfall).toEqual([]);
  });

  it("is not held up by one that never answers", () => {
    const onlyPlans: Manner = (answer) => (answer.is === "prognosis" ? [answer] : []);
    const { session } = playSession(termsOf(oneFeeder(9000), 3), three(), [onlyPlans, honest, honest]);
    // It keeps its 6 kW in the first hour; the others may take 3.
    expect(session.seats[0]?.order).toBeNull();
    expect(Math.max(...flowOf(session))).toBeLessThanOrEqual(9000);
  });

  it("ends with those who would move where one always answers the same", () => {
    let first: number[] | undefined;
    const same: Manner = (answer) => {
      if (answer.is !== "offer") return [answer];
      first ??= [...answer.offer.powerW];
      return [{ ...answer, offer: { ...answer.offer, powerW: first, price: 0n } }];
    };
    const { session } = playSession(termsOf(oneFeeder(9000), 3), three(), [honest, same, honest]);
    expect(Math.max(...flowOf(session))).toBeLessThanOrEqual(9000);
    expect(session.rounds).toBeLessThanOrEqual(60);
  });

  it("ends at the gates, however slowly all answer", () => {
    const slow: Manner = (answer) => [{ ...answer, atMs: answer.is === "offer" ? answer.atMs + 50_000 : answer.atMs }];
    const terms = termsOf(oneFeeder(8000), 3, { sharing: { ...termsOf(oneFeeder(1), 1).sharing, money: 0 } });
    const gates = { ...terms.gates, roundsMs: 20 * minuteMs, clearMs: 30 * minuteMs };
    const { session, events } = playSession({ ...terms, gates }, three(), [slow, slow, slow]);
    expect(session.roundsEnded).toBe("gate");
    expect(events.filter(({ is }) => is === "offer").every(({ atMs }) => atMs <= 30 * minuteMs)).toBe(true);
    expect(Math.max(...flowOf(session))).toBeLessThanOrEqual(8000);
  });

  it("waits for nobody beyond the last gate, however long an answer may take", () => {
    const terms = termsOf(oneFeeder(8000), 3, { answerMs: 24 * 60 * minuteMs });
    const onlyPlans: Manner = (answer) => (answer.is === "prognosis" ? [answer] : []);
    const { session, events } = playSession(terms, three(), [onlyPlans, onlyPlans, onlyPlans], terms.gates.clearMs);
    expect(session.phase.is).toBe("reprognosis");
    expect(session.shortfall.length).toBeGreaterThan(0);
    expect(events.at(-1)?.atMs).toBe(terms.gates.clearMs);
  });

  it("falls back to the last schedules that kept every limit when the repair has no time", () => {
    const terms = termsOf(oneFeeder(8000), 3);
    const noRepair: Manner = (answer, asked) => (asked.is === "repair" ? [] : [answer]);
    const { session } = playSession(terms, three(), [noRepair, noRepair, noRepair]);
    // Rounds end at most 0.5 % beyond the limit; one of them kept it.
    expect(session.feasible === null || Math.max(...flowOf(session)) <= 8000).toBe(true);
    expect(Math.max(...flowOf(session))).toBeLessThanOrEqual(8040);
  });

  it("refuses what is late, conflicting or sent twice, and goes on", () => {
    const muddled: Manner = (answer, asked) => {
      if (answer.is !== "offer" || asked.is !== "request") return [answer];
      const other = { ...answer.offer, id: "another", price: answer.offer.price + 1n };
      return [answer, answer, { ...answer, offer: other }, { ...answer, atMs: answer.atMs + minuteMs }];
    };
    const { session, out } = playSession(termsOf(oneFeeder(8000), 3), three(), [muddled, honest, honest]);
    const refused = out.flatMap((one) => (one.is === "refused" ? [one.code] : []));
    expect(new Set(refused)).toEqual(new Set(["market-flex-duplicate", "market-flex-conflict", "market-flex-late"]));
    expect(Math.max(...flowOf(session))).toBeLessThanOrEqual(8000);
  });

  it("lets offers be taken back until they are ordered, and not after", () => {
    const terms = termsOf(oneFeeder(8000), 3);
    const desks = three();
    const { events, session: done } = playSession(terms, desks, undefined, 125 * minuteMs);
    const ordered = done.seats.findIndex(({ order }) => order !== null);
    const offer = done.seats[ordered]?.order?.offer ?? "";
    const late = sessionStep(done, { is: "revoke", atMs: 126 * minuteMs, seat: ordered, offer });
    expect(codes(late.out)).toEqual(["market-flex-order-binding"]);
    expect(late.session.seats[ordered]?.order).toEqual(done.seats[ordered]?.order);
    // The same before the last offer came: it is no longer there to be ordered.
    const last = events.findLastIndex((event) => event.is === "offer");
    let session = openSession(terms);
    for (const event of events.slice(0, last)) ({ session } = sessionStep(session, event));
    const seat = session.seats.findIndex(({ lastWhole }) => lastWhole !== null);
    const id = session.seats[seat]?.lastWhole?.id ?? "";
    const revoked = sessionStep(session, { is: "revoke", atMs: events[last]?.atMs ?? 0, seat, offer: id });
    expect(revoked.out).toEqual([]);
    expect(revoked.session.seats[seat]?.offer?.id).not.toBe(id);
    const again = sessionStep(revoked.session, { is: "revoke", atMs: events[last]?.atMs ?? 0, seat, offer: id });
    expect(again).toEqual({ session: revoked.session, out: [] });
    const unknown = sessionStep(revoked.session, { is: "revoke", atMs: events[last]?.atMs ?? 0, seat, offer: "none" });
    expect(codes(unknown.out)).toEqual(["market-flex-unknown-offer"]);
  });

  it("never orders an offer of an earlier round that was taken back, though all fell back to it", () => {
    // The limits are kept in a round and passed again in the next one; then time is up, and nobody answers in the repair.
    const terms = termsOf(oneFeeder(8000), 2, { repairs: 1 });
    let session = openSession(terms);
    const step = (event: SessionEvent): string[] => {
      const stepped = sessionStep(session, event);
      ({ session } = stepped);
      return codes(stepped.out);
    };
    const offer = (seat: number, firstW: number, price: bigint): SessionEvent => ({
      is: "offer",
      atMs: terms.gates.prognosesMs + 1,
      seat,
      offer: {
        id: `${seat}-${firstW}`,
        request: session.request,
        powerW: [firstW, 6000 - firstW, 0, 0],
        price,
        whole: true,
        leastShare: 1_000_000,
      },
    });
    for (const seat of [0, 1])
      step({ is: "prognosis", atMs: 0, seat, prognosis: { revision: 1, powerW: [6000, 0, 0, 0], parties: 1, cost: 0n } });
    step({ is: "time", atMs: terms.gates.prognosesMs });
    for (const seat of [0, 1]) step(offer(seat, 3000, 1000n));
    for (const seat of [0, 1]) step(offer(seat, 5000, 500n));
    expect(session.feasible?.[0]?.id).toBe("0-3000");
    expect(session.seats[0]?.offer?.id).toBe("0-5000");
    expect(step({ is: "revoke", atMs: terms.gates.prognosesMs + 2, seat: 0, offer: "0-3000" })).toEqual([]);
    expect(session.seats[0]?.revoked).toEqual(["0-3000"]);
    step({ is: "time", atMs: terms.gates.clearMs });
    expect(session.phase.is).toBe("reprognosis");
    expect(session.seats.map(({ order }) => order?.offer)).not.toContain("0-3000");
  });

  it("takes higher revisions of a prognosis until the gate, and after the orders only what was ordered", () => {
    const terms = termsOf(oneFeeder(8000), 3);
    let session = openSession(terms);
    const step = (event: SessionEvent): string[] => {
      const stepped = sessionStep(session, event);
      ({ session } = stepped);
      return codes(stepped.out);
    };
    const prognosis = (revision: number, first: number, atMs = 0): SessionEvent => ({
      is: "prognosis",
      atMs,
      seat: 0,
      prognosis: { revision, powerW: [first, 0, 0, 0], parties: 1, cost: 0n },
    });
    expect(step(prognosis(1, 6000))).toEqual([]);
    expect(step(prognosis(1, 6000))).toEqual(["market-flex-duplicate"]);
    expect(step(prognosis(1, 5000))).toEqual(["market-flex-conflict"]);
    expect(step(prognosis(2, 5000))).toEqual([]);
    expect(session.seats[0]?.prognosis?.powerW[0]).toBe(5000);
    expect(step({ ...prognosis(3, 4000), is: "prognosis", seat: 7 } as SessionEvent)).toEqual(["market-flex-unknown-seat"]);
    // 5 kW are no congestion: the prognoses are frozen at the gate.
    expect(step(prognosis(3, 4000, terms.gates.prognosesMs))).toEqual(["market-flex-late"]);
    const { session: ordered } = playSession(terms, three(), undefined, 121 * minuteMs);
    const seat = ordered.seats.findIndex(({ order }) => order !== null);
    const powerW = ordered.seats[seat]?.order?.powerW ?? [];
    const again = (changed: readonly number[]): string[] =>
      codes(
        sessionStep(ordered, {
          is: "prognosis",
          atMs: 121 * minuteMs,
          seat,
          prognosis: { revision: 2, powerW: changed, parties: 1, cost: 0n },
        }).out,
      );
    expect(again(powerW)).toEqual([]);
    expect(again(powerW.map((watts) => watts + 1))).toEqual(["market-flex-not-as-ordered"]);
  });

  it("settles by the meter, and says who has agreed", () => {
    const terms = termsOf(oneFeeder(8000), 3);
    const { session: operating } = playSession(terms, three(), undefined, 300 * minuteMs);
    expect(operating.phase.is).toBe("operate");
    let session = operating;
    const settlements = [];
    for (const [seat, { order }] of operating.seats.entries()) {
      const wh = (order?.powerW ?? operating.seats[seat]?.prognosis?.powerW ?? []).map((watts) => watts);
      const stepped = sessionStep(session, { is: "metered", atMs: 300 * minuteMs, seat, wh });
      ({ session } = stepped);
    }
    const ended = sessionStep(session, { is: "time", atMs: terms.gates.endMs });
    for (const one of ended.out) if (one.is === "settlement") settlements.push(one);
    const ordered = operating.seats.flatMap(({ order }, seat) => (order ? [seat] : []));
    expect(settlements.map(({ seat }) => seat)).toEqual(ordered);
    // Delivered as ordered: paid in full.
    for (const { seat, settlement } of settlements)
      expect(settlement).toMatchObject({ netMicro: operating.seats[seat]?.order?.price, penalty: 0n });
    session = ended.session;
    for (const [at, seat] of ordered.entries())
      ({ session } = sessionStep(session, { is: "answer", atMs: terms.gates.endMs + 1, seat, agreed: at > 0 }));
    expect(session.phase.is).toBe("closed");
    expect(ordered.map((seat) => session.seats[seat]?.settled)).toEqual(ordered.map((_, at) => (at > 0 ? "agreed" : "disputed")));
  });
});

const manner = fc.array(fc.constantFrom("send", "lose", "twice", "late", "same", "conflict", "revoke", "garbage"), {
  minLength: 12,
  maxLength: 12,
});
/** Does something else with each answer, by a list that repeats itself. */
function muddledBy(words: readonly string[]): Manner {
  let at = 0;
  let before: SessionEvent | undefined;
  return (answer) => {
    if (answer.is !== "offer") return [answer];
    const word = words[at % words.length];
    at += 1;
    const last = before ?? answer;
    before = answer;
    switch (word) {
      case "lose":
        return [];
      case "twice":
        return [answer, answer];
      case "late":
        return [{ ...answer, atMs: answer.atMs + 2 * minuteMs }];
      case "same":
        return last.is === "offer"
          ? [{ ...answer, offer: { ...last.offer, id: answer.offer.id, request: answer.offer.request } }]
          : [];
      case "conflict":
        return [answer, { ...answer, offer: { ...answer.offer, id: `${answer.offer.id}!`, price: 0n } }];
      case "revoke":
        return [answer, { is: "revoke", atMs: answer.atMs + 1, seat: answer.seat, offer: answer.offer.id }];
      case "garbage":
        return [{ ...answer, offer: { ...answer.offer, powerW: answer.offer.powerW.map(() => 50_000), price: 0n } }];
      default:
        return [answer];
    }
  };
}

it("ends whatever its participants do; without a shortfall every limit is kept; the same events make the same session", () => {
  const loads = fc.array(
    fc.record({
      kw: fc.integer({ min: 1, max: 4 }),
      n: fc.integer({ min: 1, max: 2 }),
      at: fc.subarray(all, { minLength: 2 }),
      onOff: fc.boolean(),
    }),
    { minLength: 3, maxLength: 8 },
  );
  fc.assert(
    fc.property(
      loads,
      fc.integer({ min: 2, max: 12 }),
      fc.array(manner, { minLength: 3, maxLength: 3 }),
      (drawn, limitKw, words) => {
        const flexible = drawn.map(({ kw, n, at, onOff }) => load(kw * n, kw, at, onOff));
        const desks = [0, 1, 2].map((seat) => deskOf(flexible.filter((_, index) => index % 3 === seat)));
        const terms = termsOf(oneFeeder(limitKw * 1000), 3);
        const { session, events } = playSession(terms, desks, words.map(muddledBy));
        expect(["frozen", "closed"]).toContain(session.phase.is);
        expect(session.rounds).toBeLessThanOrEqual(terms.sharing.mostRounds);
        if (session.shortfall.length === 0) expect(Math.max(...flowOf(session))).toBeLessThanOrEqual(limitKw * 1000);
        for (const { order, prognosis } of session.seats) {
          if (!order || !prognosis) continue;
          // Nobody is paid less than asked, and no more than the reserve price.
          expect(order.powerW.length).toBe(prognosis.powerW.length);
          expect(order.price).toBeGreaterThanOrEqual(0n);
        }
        let again = openSession(terms);
        for (const event of events) ({ session: again } = sessionStep(again, event));
        expect(again).toEqual(session);
      },
    ),
    { numRuns: 60 },
  );
});
