import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { flexDesk } from "../../aggregator/flexibility/flex-desk.ts";
import { fakeClock, type FakeClock } from "../../core/clock/fake-clock.ts";
import { createControlKey, importControlKey } from "../../core/envelope.ts";
import { seenMessages } from "../../core/uftp/seen-messages.ts";
import { uftpClient } from "../../core/uftp/uftp-client.ts";
import { startUftpEndpoint } from "../../core/uftp/uftp-endpoint.ts";
import { uftpOutbox } from "../../core/uftp/uftp-outbox.ts";
import { crossCheckMarket, marketConfigFromYaml } from "../../market/config/market-config.ts";
import { MarketYaml } from "../../market/config/schema.ts";
import { startMarket, type RunningMarket } from "../../market/main.ts";
import { loadParty, type FlexibleLoad } from "../../planner/community/flexible-load.ts";
import { roundDesk } from "../../planner/community/round-desk.ts";
import { certificateAuthority } from "../fake/certificates.ts";
import { peer } from "../fake/peer.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { keptOrders } from "./flexibility/kept-orders.ts";
import { until } from "../fake/until.ts";

const openssl = peer("openssl");
const dso = "dso.example";
const domains = ["one.example", "two.example"];
const date = "2026-12-01";
const hourMs = 3_600_000;
const slots = 24;

const yaml = {
  domain: dso,
  timezone: "Europe/Amsterdam",
  listen: "127.0.0.1:0",
  tls: { cert_file: "dso.crt", key_file: "dso.key", ca_file: "ca.crt" },
  key_file: "dso.jwk",
  flexibility: {
    slot_minutes: 60,
    grid: [
      { name: "station", kind: "transformer", import_limit_w: 60_000 },
      { name: "feeder", above: "station", import_limit_w: 20_000, base_w: 2000 },
    ],
    participants: {},
    reserve_micro_per_kwh: 1_000_000,
    penalty_micro_per_kwh: 300_000,
    metered_folder: "metered",
  },
  storage: { path: "state/data.db" },
};

/** Cars and boilers of an aggregator that would all run in the same two hours. */
const loads = (): FlexibleLoad[] =>
  Array.from({ length: 4 }, (_, at) => ({
    energyWh: at < 2 ? 10_000 : 4000,
    mostWh: new Float64Array(slots).fill(at < 2 ? 6000 : 2000),
    onOff: at >= 2,
  }));

async function world(folder: string, clock: FakeClock) {
  const ca = certificateAuthority(openssl ?? "", folder);
  const log = silentLog();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const files = async (domain: string) => {
    const { certFile, keyFile } = ca.issue(domain, ["IP:127.0.0.1", `DNS:${domain}`]);
    const { privateJwk, publicJwk } = await createControlKey(`${domain}-1`);
    writeFileSync(join(folder, `${domain}.jwk`), JSON.stringify(privateJwk));
    writeFileSync(join(folder, `${domain}.public.jwk`), JSON.stringify(publicJwk));
    const tls = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8"), ca: readFileSync(ca.caFile, "utf8") };
    return { certFile, keyFile, tls, key: await importControlKey(privateJwk), pinned: await importControlKey(publicJwk) };
  };
  const own = await files(dso);
  let marketUrl = "";
  const price = Float64Array.from({ length: slots }, (_, slot) =>
    slot === 3 ? 1e-4 : slot === 4 ? 1.1e-4 : slot < 7 ? 1.5e-4 : 3e-4,
  );
  const aggregators = await Promise.all(
    domains.map(async (domain) => {
      const mine = await files(domain);
      const metered: number[] = [];
      const client = uftpClient(mine);
      const outbox = uftpOutbox({ client, urlOf: () => marketUrl, clock, log, signal: stop.signal });
      const flexible = loads();
      const place = {
        domain,
        operator: dso,
        currency: "EUR",
        point: "feeder",
        date,
        timezone: yaml.timezone,
        slotMinutes: 60 as const,
        slots,
      };
      const kept = keptOrders(
        place,
        (slot) => metered[slot] ?? null,
        () => clock.now(),
        log,
      );
      const { orders, agreed } = kept;
      const desk = flexDesk({
        place,
        desk: roundDesk(
          {
            parties: flexible.map((load) => loadParty(load, price, 0.1)),
            portfolio: {
              community: {
                hours: new Float64Array(slots).fill(1),
                parties: flexible.map((_, at) => ({ name: `load ${at}`, curtailedBeforeWh: 0 })),
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
          0.1,
        ),
        uuid: randomUUID,
        now: () => clock.now(),
        onOrder: kept.onOrder,
        log,
      });
      const endpoint = await startUftpEndpoint({
        listen: { host: "127.0.0.1", port: 0 },
        tls: mine.tls,
        domain,
        keysOf: (other) => (other === dso ? new Map([[own.pinned.kid, own.pinned.key]]) : undefined),
        seen: seenMessages(),
        now: () => clock.now(),
        take: (message) => void kept.take(desk, message).then((answers) => outbox.send(answers)),
        log,
      });
      onTestFinished(async () => {
        client.close();
        await endpoint.stop();
      });
      return { domain, desk, outbox, orders, agreed, metered, port: endpoint.port };
    }),
  );
  const config = marketConfigFromYaml(
    MarketYaml.parse({
      ...yaml,
      tls: { cert_file: own.certFile, key_file: own.keyFile, ca_file: ca.caFile },
      key_file: `${dso}.jwk`,
      flexibility: {
        ...yaml.flexibility,
        participants: Object.fromEntries(
          aggregators.map(({ domain, port }) => [
            domain,
            { url: `https://127.0.0.1:${port}`, public_key_file: `${domain}.public.jwk`, points: { feeder: {} } },
          ]),
        ),
      },
    }),
    folder,
  );
  const start = async (): Promise<RunningMarket> => {
    const market = await startMarket({ config, clock, log });
    marketUrl = `https://127.0.0.1:${market.port}`;
    return market;
  };
  return { aggregators, start, log };
}

describe.skipIf(!openssl)("the market of a grid operator (openssl)", () => {
  it("keeps a feeder under its limit with two aggregators, over a restart, and settles with both by the meters", async () => {
    const folder = scratch("market");
    const clock = fakeClock(Date.parse("2026-11-30T08:00:00Z"));
    const { aggregators, start } = await world(folder, clock);
    let market = await start();
    const phase = (): string | undefined => market.sessions().get(date)?.session().phase.is;
    expect(phase()).toBe("prognosis");
    for (const { outbox, desk } of aggregators) outbox.send([await desk.prognosis()]);
    const seats = () => market.sessions().get(date)?.session().seats ?? [];
    await until("both prognoses are kept", () => seats().length === 2 && seats().every(({ prognosis }) => prognosis !== null));
    await market.stop();
    market = await start();
    onTestFinished(() => market.stop());
    expect(seats().every(({ prognosis }) => prognosis !== null)).toBe(true);
    // The gate of the prognoses is at 10:00 in Amsterdam.
    await clock.advance(hourMs + 1000);
    await until("orders are out", () => phase() === "reprognosis", 30_000);
    const session = market.sessions().get(date)?.session();
    expect(session?.congestion[0]).toMatchObject({ element: "feeder", slot: 3 });
    expect(session?.shortfall).toEqual([]);
    const ordered = seats().flatMap(({ order }, seat) => (order ? [seat] : []));
    await until("they have come", () => aggregators.reduce((sum, { orders }) => sum + orders.length, 0) >= ordered.length);
    await clock.advance(40 * hourMs);
    expect(phase()).toBe("settle");
    // All do what was ordered; one forgets a kWh of it.
    for (const [seat, { order, prognosis }] of seats().entries()) {
      const power = order?.powerW ?? prognosis?.powerW ?? [];
      aggregators[seat]?.metered.push(...power.map((watts, slot) => (slot === 3 && seat === ordered[0] ? watts + 1000 : watts)));
    }
    const feeder = Array.from(
      { length: slots },
      (_, slot) => 2000 + aggregators.reduce((sum, { metered }) => sum + (metered[slot] ?? 0), 0),
    );
    expect(Math.max(...feeder.filter((_, slot) => slot !== 3))).toBeLessThanOrEqual(20_000);
    expect(feeder[3]).toBeLessThanOrEqual(21_000);
    mkdirSync(join(folder, "metered"));
    writeFileSync(
      join(folder, "metered", `${date}.json`),
      JSON.stringify(aggregators.map(({ domain, metered }) => ({ participant: domain, point: "feeder", wh: metered }))),
    );
    await clock.advance(61_000);
    await until("all have agreed", () => ordered.every((seat) => (aggregators[seat]?.agreed.length ?? 0) > 0));
    for (const seat of ordered) {
      const [order, settled] = [aggregators[seat]?.orders[0], aggregators[seat]?.agreed[0]];
      if (seat !== ordered[0]) expect(settled?.netMicro).toBe(order?.price);
      // A kWh less than was ordered, and 0.30 for it.
      else expect(Number(settled?.netMicro)).toBeLessThan(Number(order?.price) - 300_000 + 1);
    }
    await until("it is closed", async () => {
      await clock.advance(1000);
      return phase() === undefined;
    });
  }, 60_000);
});

it("refuses a configuration that contradicts itself", () => {
  const issues = (changes: object, top: object = {}): string[] =>
    crossCheckMarket(
      MarketYaml.parse({
        ...yaml,
        ...top,
        flexibility: {
          ...yaml.flexibility,
          participants: { "a.example": { url: "https://a.example", public_key_file: "a", points: { feeder: {} } } },
          ...changes,
        },
      }),
    ).map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(issues({})).toEqual([]);
  expect(issues({}, { domain: "a.example" })[0]).toContain("participants.a.example: is the grid operator's own domain");
  expect(issues({}, { timezone: "Mars" })[0]).toContain("timezone: expected an IANA time zone");
  expect(issues({ grid: [{ name: "feeder", above: "x" }] })[0]).toContain("feeder is fed by x");
  expect(issues({ grid: [{ name: "feeder", base_w: Array.from({ length: 25 }, () => 1) }] })[0]).toContain("expected 24");
  expect(issues({ grid: [{ name: "other" }] })[0]).toContain("points.feeder: expected an element of the grid");
  expect(() => MarketYaml.parse({ ...yaml, flexibility: { ...yaml.flexibility, gates: { clear: "09:00" } } })).toThrow(/before/);
});
