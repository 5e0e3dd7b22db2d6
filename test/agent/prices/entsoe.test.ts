import { expect, it } from "vitest";
import { entsoe } from "../../../agent/prices/entsoe.ts";
import { iso } from "../../../core/clock/clock.ts";
import { entsoeDocument, entsoeRefusal } from "../../fake/entsoe-document.ts";
import { httpDevice } from "../../fake/http-device.ts";

const springFrom = Date.parse("2026-03-28T23:00Z");
const springTo = Date.parse("2026-03-29T22:00Z");
const spring = { start: "2026-03-28T23:00Z", end: "2026-03-29T22:00Z" };
const token = "3f0c2a11-secret";

async function service(body: string, status = 200) {
  const seen: URLSearchParams[] = [];
  const server = await httpDevice(({ query }) => {
    seen.push(query);
    return { status, body, headers: { "content-type": "application/xml" } };
  });
  const options = { url: `${server.url}/api`, area: "10YNL----------L", sequence: 1, currency: "EUR", token: () => token };
  return {
    seen,
    fetch: (fromMs = springFrom, toMs = springTo) => entsoe(options).fetch(fromMs, toMs, AbortSignal.timeout(10_000)),
  };
}

it("asks for the document of its zone in UTC minutes", async () => {
  const { seen, fetch } = await service(entsoeDocument({ ...spring, points: [[1, 10]] }));
  await fetch();
  expect(Object.fromEntries(seen[0] ?? [])).toEqual({
    documentType: "A44",
    in_Domain: "10YNL----------L",
    out_Domain: "10YNL----------L",
    periodStart: "202603282300",
    periodEnd: "202603292200",
    securityToken: token,
  });
});

it("repeats the points that an A03 curve omits, to the end of the period: 92 quarters in spring", async () => {
  const { fetch } = await service(
    entsoeDocument({
      ...spring,
      points: [
        [1, "91.11"],
        [3, "-5.25"],
        [90, 0],
      ],
    }),
  );
  const { steps, gaps, currency, zone } = await fetch();
  expect([steps.length, gaps, currency, zone]).toEqual([92, 0, "EUR", "10YNL----------L"]);
  expect(steps.map(({ microPerKwh }) => microPerKwh)).toEqual([
    ...Array<bigint>(2).fill(91_110n),
    ...Array<bigint>(87).fill(-5_250n),
    ...Array<bigint>(3).fill(0n),
  ]);
  expect([steps[0], steps.at(-1)].map((step) => iso(step?.startMs ?? 0))).toEqual([
    "2026-03-28T23:00:00.000Z",
    "2026-03-29T21:45:00.000Z",
  ]);
});

it("has 100 quarters in autumn", async () => {
  const autumn = { start: "2026-10-24T22:00Z", end: "2026-10-25T23:00Z" };
  const { fetch } = await service(entsoeDocument({ ...autumn, points: [[1, 40]] }));
  const { steps } = await fetch(Date.parse(autumn.start), Date.parse(autumn.end));
  expect(steps).toHaveLength(100);
});

it("leaves a point that an A01 curve lacks as a gap, and one that is no number too", async () => {
  const { fetch } = await service(
    entsoeDocument({
      ...spring,
      curveType: "A01",
      resolution: "PT60M",
      points: [
        [1, 10],
        [3, "NaN"],
        [4, 99_999],
        [5, 20],
      ],
    }),
  );
  const { steps, gaps } = await fetch();
  expect(steps.map(({ startMs }) => (startMs - springFrom) / 3_600_000)).toEqual([0, 4]);
  expect(gaps).toBe(2);
});

it("takes the auction that is asked for wherever it stands, and the finer of two resolutions", async () => {
  const { fetch } = await service(
    entsoeDocument(
      { ...spring, sequence: 2, points: [[1, 1]] },
      { ...spring, resolution: "PT60M", points: [[1, 2]] },
      { start: "2026-03-28T23:00Z", end: "2026-03-29T00:00Z", points: [[1, 3]] },
    ),
  );
  const { steps } = await fetch();
  expect(steps.slice(0, 5).map(({ startMs, endMs, microPerKwh }) => [(endMs - startMs) / 60_000, microPerKwh])).toEqual([
    [15, 3000n],
    [15, 3000n],
    [15, 3000n],
    [15, 3000n],
    [60, 2000n],
  ]);
});

it("puts several days, each a series of its own, in order", async () => {
  const { fetch } = await service(
    entsoeDocument({ start: "2026-03-29T22:00Z", end: "2026-03-30T22:00Z", points: [[1, 2]] }, { ...spring, points: [[1, 1]] }),
  );
  const { steps } = await fetch(springFrom, Date.parse("2026-03-30T22:00Z"));
  expect(steps).toHaveLength(92 + 96);
  expect(steps.every(({ startMs }, at) => startMs === springFrom + at * 900_000)).toBe(true);
});

it("gives no prices where none are published yet", async () => {
  const { fetch } = await service(entsoeRefusal("No matching data found for Data item ENERGY_PRICES [12.1.D]."));
  expect(await fetch()).toEqual({ currency: "EUR", zone: "10YNL----------L", steps: [], gaps: 0 });
});

it.each([
  [400, entsoeRefusal(`Input parameter securityToken=${token} is wrong`), "prices-refused"],
  [401, "<html>Unauthorized</html>", "service-refused"],
  [200, entsoeDocument({ ...spring, points: [[1, 10]] }).slice(0, 900), "service-bad-reply"],
  [200, "{}", "service-bad-reply"],
  [200, "<a/>", "service-bad-reply"],
  [200, entsoeDocument({ ...spring, resolution: "P1M", points: [[1, 1]] }), "service-bad-reply"],
  [200, entsoeDocument({ ...spring, unit: "C62", points: [[1, 1]] }), "service-bad-reply"],
  [200, entsoeDocument({ start: "1900-01-01T00:00Z", end: "2900-01-01T00:00Z", points: [[1, 1]] }), "service-bad-reply"],
])("refuses status %s with %.60s and never says the token", async (status, body, code) => {
  const { fetch } = await service(body, status);
  const error: unknown = await fetch().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code });
  expect(String(error)).not.toContain(token);
});
