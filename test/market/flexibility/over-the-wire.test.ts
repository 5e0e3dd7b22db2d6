import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { describe, expect, it, onTestFinished } from "vitest";
import { flexDesk, type FlexPlace } from "../../../aggregator/flexibility/flex-desk.ts";
import { errorCode } from "../../../core/app-error.ts";
import { iso } from "../../../core/clock/clock.ts";
import { realClock } from "../../../core/clock/real-clock.ts";
import { createControlKey, importControlKey, type ControlKey } from "../../../core/envelope.ts";
import type { UftpMessage } from "../../../core/message/uftp.ts";
import { seenMessages } from "../../../core/uftp/seen-messages.ts";
import { uftpClient, type UftpClient } from "../../../core/uftp/uftp-client.ts";
import { startUftpEndpoint, uftpPath, type UftpTls } from "../../../core/uftp/uftp-endpoint.ts";
import { signUftp } from "../../../core/uftp/uftp-envelope.ts";
import { uftpOutbox } from "../../../core/uftp/uftp-outbox.ts";
import { flexOperator, type FlexOperator } from "../../../market/flexibility/flex-operator.ts";
import type { KeptStep } from "../../../market/flexibility/kept-step.ts";
import { slotsOf } from "../../../market/flexibility/period.ts";
import { radialGrid } from "../../../market/flexibility/grid-model.ts";
import { loadParty, type FlexibleLoad } from "../../../planner/community/flexible-load.ts";
import { roundDesk } from "../../../planner/community/round-desk.ts";
import { certificateAuthority, type CertificateAuthority } from "../../fake/certificates.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { peer } from "../../fake/peer.ts";
import { scratch } from "../../fake/scratch.ts";
import { until } from "../../fake/until.ts";
import { termsOf } from "./flex-rig.ts";
import { keptOrders } from "./kept-orders.ts";

const openssl = peer("openssl");
const dso = "dso.example";
const period = { date: "2026-12-01", timezone: "Europe/Amsterdam", slotMinutes: 60 } as const;
const slots = slotsOf(period);

interface Participant {
  domain: string;
  tls: UftpTls;
  key: ControlKey;
  publicKey: ControlKey;
}

async function participant(ca: CertificateAuthority, domain: string): Promise<Participant> {
  const { certFile, keyFile } = ca.issue(domain, ["IP:127.0.0.1", `DNS:${domain}`]);
  const { privateJwk, publicJwk } = await createControlKey(`${domain}-1`);
  return {
    domain,
    tls: { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8"), ca: readFileSync(ca.caFile, "utf8") },
    key: await importControlKey(privateJwk),
    publicKey: await importControlKey(publicJwk),
  };
}

/** A grid operator with one feeder and two aggregators with cars, all over real HTTPS; time is moved by hand. */
async function world(limitW: number, rejecting: readonly string[] = []) {
  const ca = certificateAuthority(openssl ?? "", scratch("uftp"));
  const people = await Promise.all([dso, "one.example", "two.example"].map((domain) => participant(ca, domain)));
  const keysOf = (domain: string) => {
    const found = people.find((one) => one.domain === domain)?.publicKey;
    return found && new Map([[found.kid, found.key]]);
  };
  const startMs = Date.parse("2026-11-30T09:00:00Z");
  let nowMs = startMs;
  const now = (): number => nowMs;
  const clock = { ...realClock({ onError: () => undefined }), now };
  const stop = new AbortController();
  const urls = new Map<string, string>();
  const log = silentLog();
  const steps: KeptStep[] = [];
  const clients: UftpClient[] = [];
  const listen = async (who: Participant, take: (message: UftpMessage) => void | Promise<void>) => {
    const endpoint = await startUftpEndpoint({
      listen: { host: "127.0.0.1", port: 0 },
      tls: who.tls,
      domain: who.domain,
      keysOf,
      seen: seenMessages(),
      now,
      take,
      log,
    });
    onTestFinished(() => endpoint.stop());
    urls.set(who.domain, `https://127.0.0.1:${endpoint.port}`);
    const client = uftpClient(who);
    clients.push(client);
    return uftpOutbox({ client, urlOf: (domain) => urls.get(domain), clock, log, signal: stop.signal });
  };
  onTestFinished(() => {
    stop.abort();
    for (const client of clients) client.close();
  });
  const hour = 3_600_000;
  const each = (watts: number): Float64Array => new Float64Array(slots.length).fill(watts);
  const grid = radialGrid(
    [{ name: "feeder", kind: "line", above: null, importLimitW: each(limitW), exportLimitW: each(Infinity), baseW: each(0) }],
    slots.length,
  );
  const terms = {
    ...termsOf(grid, 2),
    hours: 1,
    seats: ["one.example", "two.example"].map((domain) => ({
      participant: domain,
      point: "feeder",
      expectedW: slots.map(() => 0),
    })),
    gates: {
      prognosesMs: startMs + hour,
      roundsMs: startMs + 3 * hour,
      clearMs: startMs + 4 * hour,
      reprognosesMs: startMs + 5 * hour,
      startMs: slots[0]?.startMs ?? 0,
      endMs: slots.at(-1)?.endMs ?? 0,
      settleMs: (slots.at(-1)?.endMs ?? 0) + 24 * hour,
    },
    answerMs: 60_000,
    priceScale: 2e-5,
  };
  let operator: FlexOperator | undefined;
  const [dsoParty, ...aggregators] = people as [Participant, Participant, Participant];
  const dsoOutbox = await listen(dsoParty, (message) => operator?.take(message));
  const open = () =>
    flexOperator({
      domain: dso,
      currency: "EUR",
      period,
      terms,
      store: { steps: async () => structuredClone(steps), add: async (step) => void steps.push(structuredClone(step)) },
      send: (messages) => dsoOutbox.send(messages),
      uuid: randomUUID,
      now,
      log,
    });
  operator = await open();
  const price = Float64Array.from(slots, (_, slot) => (slot === 3 ? 1e-4 : slot === 4 ? 1.2e-4 : 2e-4));
  const books = new Map<string, ReturnType<typeof keptOrders>>();
  const meters = new Map<string, number[]>();
  const desks = await Promise.all(
    aggregators.map(async (who) => {
      const place: FlexPlace = {
        domain: who.domain,
        operator: dso,
        currency: "EUR",
        point: "feeder",
        ...period,
        slots: slots.length,
      };
      const kept = keptOrders(place, (slot) => meters.get(who.domain)?.[slot] ?? null, now, log);
      books.set(who.domain, kept);
      const cars: FlexibleLoad[] = [6000, 8000].map((energyWh) => ({ energyWh, mostWh: each(8000), onOff: false }));
      const desk = flexDesk({
        place,
        desk: roundDesk(
          {
            parties: cars.map((car) => loadParty(car, price, 0.1)),
            portfolio: {
              community: {
                hours: each(1),
                parties: cars.map((_, at) => ({ name: `car ${at}`, curtailedBeforeWh: 0 })),
                feeders: [],
                scale: 2e-5,
                seed: 1,
                keepWithin: 0,
              },
              nowMs: () => 0,
              mostMs: 1,
            },
          },
          1,
          0,
        ),
        uuid: randomUUID,
        now,
        onOrder: (order) => (rejecting.includes(who.domain) ? Promise.resolve(false) : kept.onOrder(order)),
        log,
      });
      const outbox = await listen(who, (message) => void kept.take(desk, message).then((answers) => outbox.send(answers)));
      outbox.send([await desk.prognosis()]);
      return desk;
    }),
  );
  return {
    people,
    terms,
    urls,
    steps,
    desks,
    orderOf: (domain: string) => books.get(domain)?.orders[0],
    agreed: (domain: string) => books.get(domain)?.agreed[0]?.netMicro,
    meters,
    log,
    now,
    open,
    session: () => operator.session(),
    metered: (seat: number, wh: number[]) => operator.metered(seat, wh),
    async goTo(ms: number) {
      nowMs = ms;
      await operator.step();
    },
    clientOf: (who: Participant) => {
      const client = uftpClient(who);
      clients.push(client);
      return client;
    },
  };
}

describe.skipIf(!openssl)("messages of a grid operator and aggregators over HTTPS (openssl)", () => {
  it("carry a session from prognoses to a settlement that all agree on, and the kept steps make it again", async () => {
    const one = await world(16_000);
    await until("both prognoses are there", () => one.session().seats.every(({ prognosis }) => prognosis !== null));
    await one.goTo(one.terms.gates.prognosesMs);
    await until("orders are out", () => one.session().phase.is === "reprognosis");
    expect(one.session().congestion).toMatchObject([{ element: "feeder", slot: 3 }]);
    expect(one.session().shortfall).toEqual([]);
    const ordered = one.session().seats.flatMap(({ order }, seat) => (order ? [{ seat, order }] : []));
    expect(ordered.length).toBeGreaterThan(0);
    await until("the orders have come", () =>
      ordered.every(({ seat }) => one.orderOf(one.terms.seats[seat]?.participant ?? "") !== undefined),
    );
    for (const { seat, order } of ordered)
      expect(one.orderOf(one.terms.seats[seat]?.participant ?? "")).toMatchObject({
        reference: order.offer,
        powerW: order.powerW,
        price: order.price,
        asked: order.asked,
      });
    await until("both have said so", () =>
      ordered.every(({ seat }) => one.session().seats[seat]?.orderAnswer?.accepted === true),
    );
    const together = slots.map((_, slot) =>
      one.session().seats.reduce((sum, { order, prognosis }) => sum + ((order?.powerW ?? prognosis?.powerW)?.[slot] ?? 0), 0),
    );
    expect(Math.max(...together)).toBeLessThanOrEqual(16_000);
    await one.goTo(one.terms.gates.startMs);
    // One delivers what was ordered; the other, where it has an order, forgets half of it.
    for (const [seat, { order, prognosis }] of one.session().seats.entries()) {
      const wh = slots.map((_, slot) => {
        const [baseline, wanted] = [prognosis?.powerW[slot] ?? 0, (order?.powerW ?? prognosis?.powerW)?.[slot] ?? 0];
        return seat === 0 ? wanted : Math.round((baseline + wanted) / 2);
      });
      one.meters.set(one.terms.seats[seat]?.participant ?? "", wh);
      await one.metered(seat, wh);
    }
    await one.goTo(one.terms.gates.endMs);
    await until("all have agreed", () => one.session().phase.is === "closed");
    for (const { seat, order } of ordered) {
      expect(one.session().seats[seat]?.settled).toBe("agreed");
      const net = one.agreed(one.terms.seats[seat]?.participant ?? "");
      if (seat === 0) expect(net).toBe(order.price);
      else expect(net).toBeLessThan(order.price);
    }
    for (const said of ["flexibility ordered", "settlement of an order sent", "settlement agreed"])
      expect([said, one.log.informed(said)]).toEqual([said, ordered.length]);
    expect((await one.open()).session()).toEqual(one.session());
  });

  it("say which order is rejected and why, and it is known after a restart; it binds all the same", async () => {
    const one = await world(16_000, ["one.example", "two.example"]);
    await until("both prognoses are there", () => one.session().seats.every(({ prognosis }) => prognosis !== null));
    await one.goTo(one.terms.gates.prognosesMs);
    await until("orders are out", () => one.session().phase.is === "reprognosis");
    const answers = () => one.session().seats.flatMap(({ order, orderAnswer }) => (order ? [orderAnswer] : []));
    await until("they are answered", () => answers().every((answer) => answer !== null));
    for (const answer of answers())
      expect(answer).toMatchObject({ accepted: false, reason: expect.stringContaining("flex-order-conflict") });
    expect(one.log.lines.map(({ message }) => message)).toContain("order rejected, but it binds");
    expect((await one.open()).session()).toEqual(one.session());
  });

  it("are disputed where the own meters say something else", async () => {
    const one = await world(16_000);
    await until("both prognoses are there", () => one.session().seats.every(({ prognosis }) => prognosis !== null));
    await one.goTo(one.terms.gates.prognosesMs);
    await until("orders are out", () => one.session().phase.is === "reprognosis");
    const seat = one.session().seats.findIndex(({ order }) => order !== null);
    await until("the order has come", () => one.orderOf(one.terms.seats[seat]?.participant ?? "") !== undefined);
    await one.goTo(one.terms.gates.startMs);
    for (const [at, { order, prognosis }] of one.session().seats.entries()) {
      one.meters.set(one.terms.seats[at]?.participant ?? "", [...(order?.powerW ?? prognosis?.powerW ?? [])]);
      await one.metered(
        at,
        (order?.powerW ?? prognosis?.powerW ?? []).map((wh, slot) => (slot === 3 ? wh + 500 : wh)),
      );
    }
    await one.goTo(one.terms.gates.endMs);
    await until("it is disputed", () => one.session().seats[seat]?.settled === "disputed");
    expect(one.agreed(one.terms.seats[seat]?.participant ?? "")).toBeUndefined();
  });

  it("are refused where signature, sender, recipient, time, form or connection are not right, or an id comes again", async () => {
    const one = await world(100_000);
    await until("both prognoses are there", () => one.session().seats.every(({ prognosis }) => prognosis !== null));
    const [operator, first, second] = one.people as [Participant, Participant, Participant];
    const good = (changes: object = {}): UftpMessage => {
      const message: object = {
        Message: "DPrognosis",
        Version: "3.0.0",
        SenderDomain: first.domain,
        RecipientDomain: dso,
        TimeStamp: iso(one.now()),
        MessageID: randomUUID(),
        ConversationID: randomUUID(),
        ISPDuration: "PT60M",
        TimeZone: period.timezone,
        Period: period.date,
        CongestionPoint: "feeder",
        Revision: 7,
        ISPs: [{ Start: 1, Duration: slots.length, Power: 1 }],
        ...changes,
      };
      return message as UftpMessage;
    };
    const url = one.urls.get(dso) ?? "";
    const [asFirst, asSecond] = [one.clientOf(first), one.clientOf(second)];
    const sent = (client: UftpClient, message: UftpMessage): Promise<string> =>
      client.send(url, message).then(
        () => "taken",
        (error: unknown) => (error as Error).message,
      );
    expect(await sent(asSecond, good())).toContain("uftp-unknown-key");
    expect(await sent(asFirst, good({ SenderDomain: "stranger.example" }))).toContain("uftp-unknown-sender");
    expect(await sent(asFirst, good({ RecipientDomain: second.domain }))).toContain("uftp-wrong-recipient");
    expect(await sent(asFirst, good({ TimeStamp: iso(one.now() - 6 * 60_000) }))).toContain("uftp-stale");
    expect(await sent(asFirst, good({ ISPs: [] }))).toContain("uftp-malformed");
    expect(await sent(asFirst, good({ Message: "FlexMagic" }))).toContain("uftp-malformed");
    // Signed by one, over the connection of the other.
    expect(await sent(one.clientOf({ ...second, key: first.key }), good())).toContain("uftp-other-certificate");
    const forged = { ...first, key: { kid: first.key.kid, key: second.key.key } };
    expect(await sent(one.clientOf(forged), good())).toContain("uftp-bad-signature");
    const message = good();
    expect(await sent(asFirst, message)).toBe("taken");
    await until("it counts", () => one.session().seats[0]?.prognosis?.revision === 7);
    const before = one.steps.length;
    // The very same again is answered alike, and not taken again; another one under its id is not.
    expect(await sent(asFirst, message)).toBe("taken");
    expect(await sent(asFirst, { ...message, Revision: 8 } as UftpMessage)).toContain("uftp-id-again");
    expect(one.steps.length).toBe(before);
    // Without a certificate there is no connection.
    const { cert: _, key: __, ...bare } = first.tls;
    await expect(posted(`${url}${uftpPath}`, bare, await signUftp(first.key, good()))).rejects.toThrow(
      /alert|ECONNRESET|socket/i,
    );
    expect(operator.domain).toBe(dso);
  });

  it("find nobody at a wrong address, and say so", async () => {
    const one = await world(100_000);
    const client = one.clientOf(one.people[1] as Participant);
    const error: unknown = await client
      .send("https://127.0.0.1:1", (await one.desks[0]?.prognosis()) as UftpMessage)
      .catch((caught: unknown) => caught);
    expect(errorCode(error)).toBe("uftp-unreachable");
  });
});

function posted(url: string, tls: { ca: string }, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...tls, method: "POST" }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
