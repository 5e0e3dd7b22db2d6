import { describe, expect, it } from "vitest";
import { z } from "zod";
import { peer } from "../../fake/peer.ts";
import { until } from "../../fake/until.ts";
import { congestedStreet, date, dayMs, minuteMs } from "./congested-street.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];
const hourMs = 60 * minuteMs;
const gateMs = dayMs.startMs - 2 * hourMs;
const Sessions = z.object({
  items: z.array(z.object({ point: z.string(), answered: z.int(), withdrawn: z.boolean(), order: z.string().nullable() })),
});
const Orders = z.object({ items: z.array(z.object({ price: z.string() })) });
const span = "from=2026-11-30T00:00:00Z&to=2026-12-03T00:00:00Z";

/** Real daemons with both prognoses told, a moment before they are checked. */
async function prognosed(limitW: number) {
  const street = await congestedStreet({ mosquitto: mosquitto ?? "", openssl: openssl ?? "" }, limitW, 3);
  await street.goTo(gateMs - minuteMs, minuteMs);
  await until("both prognoses are there", () => street.session()?.seats.every(({ prognosis }) => prognosis !== null) ?? false);
  return { ...street, phase: (): string | undefined => street.session()?.phase.is };
}

describe.skipIf(!mosquitto || !openssl)("a grid operator and its aggregators (mosquitto, openssl)", () => {
  it(
    "end with a named shortfall where no plan can meet the limit, and the homes keep their wishes",
    { timeout: 120_000 },
    async () => {
      const street = await prognosed(500);
      await street.goTo(gateMs + 5000, minuteMs);
      await until("it is cleared", () => street.phase() === "reprognosis", 90_000);
      expect(street.session()?.shortfall[0]).toMatchObject({ element: "feeder-7", kind: "import-limit" });
      expect(street.log.lines.some(({ level, message }) => level === "error" && message === "no schedule keeps this limit")).toBe(
        true,
      );
      // Nothing is ordered that does not help, and whatever is can be carried out.
      for (const { order, lastWhole } of street.session()?.seats ?? []) if (order) expect(order.offer).toBe(lastWhole?.id);
    },
  );

  it("go on without one that vanishes between prognosis and rounds, or takes its offers back", { timeout: 120_000 }, async () => {
    const street = await prognosed(20_000);
    await street.stop("south");
    await street.goTo(gateMs + 5000, minuteMs);
    await until(
      "it is cleared",
      async () => {
        // Answers that do not come are waited for by the clock, and those that do as long as they take.
        await until("north answers what it is asked", () => {
          const { phase, seats } = street.session() ?? {};
          const isAsked = phase?.is === "round" || (phase?.is === "repair" && phase.seat === 0);
          return !isAsked || seats?.[0]?.offer?.request === phase.request;
        });
        await street.goTo(street.clock.now() + 10_000, 10_000);
        return street.phase() === "reprognosis";
      },
      90_000,
    );
    const [north, south] = street.session()?.seats ?? [];
    expect(south).toMatchObject({ order: null, offer: null });
    expect(north?.order).not.toBeNull();
    const [session] = Sessions.parse(await street.get("north", "/v1/market/sessions")).items;
    expect(session?.answered).toBeGreaterThan(0);
    // What was ordered cannot be taken back; nothing is known of another day.
    await until(
      "north has its order",
      async () => Orders.parse(await street.get("north", `/v1/market/orders?${span}`)).items.length === 1,
    );
    expect(await street.post("north", `/v1/market/sessions/feeder-7/${date}/withdrawal`)).toBe(409);
    expect(await street.post("north", "/v1/market/sessions/feeder-7/2027-01-01/withdrawal")).toBe(404);
  });

  it("order nothing of what was taken back before the rounds", { timeout: 120_000 }, async () => {
    const street = await prognosed(20_000);
    expect(await street.post("north", `/v1/market/sessions/feeder-7/${date}/withdrawal`)).toBe(200);
    await street.goTo(gateMs + 5000, minuteMs);
    await until(
      "it is cleared",
      async () => {
        await street.goTo(street.clock.now() + 10_000, 10_000);
        return street.phase() === "reprognosis";
      },
      90_000,
    );
    expect(street.session()?.seats[0]).toMatchObject({ order: null });
    expect(Sessions.parse(await street.get("north", "/v1/market/sessions")).items[0]).toMatchObject({
      withdrawn: true,
      answered: 0,
    });
  });
});
