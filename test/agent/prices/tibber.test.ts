import { expect, it } from "vitest";
import { tibber } from "../../../agent/prices/tibber.ts";
import { httpDevice } from "../../fake/http-device.ts";

const fromMs = Date.parse("2026-10-24T22:00Z");
const toMs = fromMs + 49 * 3_600_000;
const price = (quarter: number, more: object = {}) => ({
  total: 0.3127,
  energy: 0.1,
  tax: 0.2127,
  startsAt: `${new Date(fromMs + quarter * 900_000 + 7_200_000).toISOString().slice(0, 23)}+02:00`,
  currency: "EUR",
  ...more,
});
const home = (id: string, priceInfo: object | null) => ({ id, currentSubscription: priceInfo && { priceInfo } });
const answerOf = (...homes: object[]) => ({ data: { viewer: { homes } } });

async function fetch(body: unknown, options: { status?: number; home?: string } = {}) {
  const seen: { authorization?: string | undefined; body: string }[] = [];
  const server = await httpDevice(({ headers, body: sent }) => {
    seen.push({ authorization: headers.authorization, body: sent });
    return { status: options.status ?? 200, body };
  });
  const provider = tibber({
    url: server.url,
    home: options.home ?? null,
    resolution: "quarter_hourly",
    currency: "EUR",
    token: () => "tok-1",
  });
  return { seen, answer: await provider.fetch(fromMs, toMs, AbortSignal.timeout(10_000)) };
}

it("asks for quarters by its token, and keeps the price with its taxes beside the spot price", async () => {
  const today = Array.from({ length: 100 }, (_, quarter) => price(quarter));
  const { seen, answer } = await fetch(answerOf(home("a", null), home("b", { today, tomorrow: [] })));
  expect(seen[0]?.authorization).toBe("Bearer tok-1");
  expect(JSON.parse(seen[0]?.body ?? "")).toEqual({
    query:
      "{ viewer { homes { id currentSubscription { priceInfo(resolution: QUARTER_HOURLY) { today { total energy tax startsAt currency } tomorrow { total energy tax startsAt currency } } } } } }",
  });
  expect([answer.steps.length, answer.zone, answer.currency]).toEqual([100, "b", "EUR"]);
  expect(answer.steps[0]).toEqual({
    startMs: fromMs,
    endMs: fromMs + 900_000,
    microPerKwh: 100_000n,
    taxedMicroPerKwh: 312_700n,
  });
});

it("takes the home that is named, and a price without its total as a gap", async () => {
  const today = [price(0), price(4, { total: null }), price(8)];
  const { answer } = await fetch(answerOf(home("a", { today: [] }), home("b", { today, tomorrow: null })), { home: "b" });
  expect([answer.steps.length, answer.gaps]).toEqual([2, 1]);
});

it.each([
  [{ data: null, errors: [{ message: "invalid token", extensions: { code: "UNAUTHENTICATED" } }] }, 200, "prices-refused"],
  [{ errors: [{ message: 'Unknown argument "resolution"' }] }, 400, "prices-refused"],
  [answerOf(), 200, "prices-no-contract"],
  [answerOf(home("a", null)), 200, "prices-no-contract"],
  [{ message: "no" }, 401, "service-refused"],
  [{ data: { viewer: { homes: 7 } } }, 200, "service-bad-reply"],
])("refuses %j with status %s as %s", async (body, status, code) => {
  const error: unknown = await fetch(body, { status }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code });
  expect(String(error)).not.toContain("tok-1");
});
