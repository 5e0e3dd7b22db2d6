import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { agentConfigFromYaml } from "../../agent/config/agent-config-from-yaml.ts";
import { AgentYaml } from "../../agent/config/schema.ts";
import { startAgent, type RunningAgent } from "../../agent/main.ts";
import { openOwnPrices } from "../../agent/own-prices.ts";
import { controlStore } from "../../agent/store/control-store.ts";
import { describeStatus } from "../../cli/status.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { priceAt, type PriceSeries } from "../../core/message/price-series.ts";
import { askAgent } from "../../cli/ask-agent.ts";
import { gatewayYaml, threeRelays } from "../cli/gateway-files.ts";
import { httpDevice } from "../fake/http-device.ts";
import { openStore } from "../fake/open-store.ts";
import { priceService } from "../fake/price-service.ts";
import { relayBoard } from "../fake/relay-board.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";

const hourMs = 3_600_000;
/** 12:00 in Amsterdam. */
const noonMs = Date.parse("2026-04-02T10:00Z");
const tomorrowEndsMs = Date.parse("2026-04-03T22:00Z");

const configWith = (more: object, folder = scratch("own")) => agentConfigFromYaml(AgentYaml.parse(gatewayYaml(more)), folder);
const series = (startMs: number, ...prices: number[]): PriceSeries => ({
  v: 1,
  currency: "EUR",
  start: new Date(startMs).toISOString(),
  stepS: 3600,
  importPerKwh: prices.map(String),
  exportPerKwh: prices.map(String),
});

it("sets the aggregator's prices first and its own where those end", async () => {
  const service = await priceService(tomorrowEndsMs);
  const [db, clock] = [openStore(), fakeClock(noonMs)];
  const announced = controlStore(db);
  announced.savePrices(series(noonMs, 1, 2));
  const config = configWith({ prices: { provider: { name: "energy_charts", area: "NL", url: service.url } } });
  const signal = new AbortController().signal;
  const own = openOwnPrices({ config, db, announced, atomically: (writes) => writes(), clock, log: silentLog(), signal });
  await clock.advance(0);
  const known = own.prices(noonMs, noonMs + 4 * hourMs);
  const binding = [0, 1, 2, 3].map((hour) =>
    known.map((one) => priceAt(one, "import", noonMs + hour * hourMs)).find((price) => price !== undefined),
  );
  expect(binding).toEqual([1n, 2n, 100_000n, 100_000n]);
  // Told, fetched, and past the end of what was published.
  const kinds = [noonMs, noonMs + 2 * hourMs, tomorrowEndsMs + hourMs].map((atMs) => own.kindAt(atMs));
  expect(kinds).toEqual(["published", "published", "pattern"]);
});

it("is nothing but the announced prices where none are configured", () => {
  const db = openStore();
  const announced = controlStore(db);
  announced.savePrices(series(noonMs, 1));
  const own = openOwnPrices({
    config: configWith({}),
    db,
    announced,
    atomically: (writes) => writes(),
    clock: fakeClock(noonMs),
    log: silentLog(),
    signal: new AbortController().signal,
  });
  expect([own.prices(noonMs, noonMs + 1).length, own.state()]).toEqual([1, null]);
});

describe("an agent without an aggregator", () => {
  async function house(more: object) {
    const board = await relayBoard();
    const folder = scratch("own");
    const config = configWith(
      {
        buses: {
          p1: { type: "tcp", host: "127.0.0.1", port: 1 },
          board: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
        },
        relays: { boiler: threeRelays.relays.boiler },
        appliances: {
          boiler: {
            type: "switched_load",
            relay: "boiler",
            rated_power_w: 2000,
            comfort: { energy_wh_per_day: 4000, not_before: "20:00", ready_by: "06:30" },
          },
        },
        storage: { path: "data.db" },
        ...more,
      },
      folder,
    );
    const [clock, log] = [fakeClock(noonMs), silentLog()];
    const start = async (): Promise<RunningAgent> => {
      const agent = await startAgent({ config, clock, log });
      onTestFinished(() => agent.stop().catch(() => undefined));
      await clock.advance(0);
      return agent;
    };
    /** Begins of what the own plan switches on. */
    const planned = async (): Promise<string[]> => {
      const { body } = await askAgent(join(folder, "agent.sock"), { method: "GET", path: "/v1/schedule" });
      const { appliances } = body as { appliances: { spans: { from: string; mode: string; authority: string }[] }[] };
      return (appliances[0]?.spans ?? [])
        .filter(({ mode, authority }) => mode === "on" && authority === "local")
        .map(({ from }) => from);
    };
    return { clock, log, start, planned, folder };
  }

  it("plans the cheapest hours by prices that it got itself, also after a restart without the service", async () => {
    const service = await priceService(tomorrowEndsMs);
    const cheap = new Set(["2026-04-02T18", "2026-04-03T01"]);
    service.price = (startMs) => (cheap.has(new Date(startMs).toISOString().slice(0, 13)) ? -50 : 200);
    const { clock, start, planned } = await house({
      prices: { provider: { name: "energy_charts", area: "NL", url: service.url } },
    });
    const agent = await start();
    await clock.advance(15 * 60_000);
    expect(await planned()).toEqual(["2026-04-02T18:00:00.000Z", "2026-04-03T01:00:00.000Z"]);
    expect(agent.status().prices).toMatchObject({ provider: "energy_charts", state: "published", failure: null });
    expect(describeStatus(agent.status())).toContain("prices: energy_charts, complete, published until 2026-04-03T22:00:00.000Z");
    await agent.stop();
    service.instead = { status: 500, body: "" };
    const again = await start();
    await clock.advance(15 * 60_000);
    expect(await planned()).toEqual(["2026-04-02T18:00:00.000Z", "2026-04-03T01:00:00.000Z"]);
    expect(describeStatus(again.status()).find((line) => line.startsWith("prices:"))).toContain(
      "last fetch failed: service-refused",
    );
  });

  it("runs on where its token is gone, and says which file", async () => {
    const { start, log, folder } = await house({ prices: { provider: { name: "tibber", token_file: "tibber.token" } } });
    const agent = await start();
    expect(agent.status().prices).toMatchObject({ state: "none", failure: { code: "token-unreadable" } });
    expect(log.lines.find(({ message }) => message === "prices could not be fetched")?.fields["error"]).toContain(
      join(folder, "tibber.token"),
    );
  });

  it("never writes its token into log or status", async () => {
    const service = await httpDevice(() => ({ status: 401, body: "no" }));
    const { start, log, folder } = await house({
      prices: { provider: { name: "entsoe", area: "NL", token_file: "token", url: service.url } },
    });
    writeFileSync(join(folder, "token"), "very-secret-1\n");
    const agent = await start();
    expect(service.asked[0]).toContain("very-secret-1");
    expect(agent.status().prices?.failure?.code).toBe("service-refused");
    expect(JSON.stringify([log.lines, agent.status()])).not.toContain("very-secret-1");
  });

  it("has a weather forecast where one is configured", async () => {
    const time = new Date(noonMs).toISOString();
    const service = await httpDevice(() => ({
      body: { properties: { timeseries: [{ time, data: { instant: { details: { air_temperature: 11 } } } }] } },
    }));
    const weather = { provider: "met_no", latitude: 52.4, longitude: 4.9, contact: "a@b.example", url: service.url };
    const { start } = await house({ weather });
    const agent = await start();
    expect(agent.status().weather).toMatchObject({ provider: "met_no", until: time, failure: null });
    expect(describeStatus(agent.status())).toContain(`weather: met_no, known until ${time}`);
  });
});
