import { expect, it } from "vitest";
import { awattar } from "../../../agent/prices/awattar.ts";
import { httpDevice } from "../../fake/http-device.ts";

const fromMs = Date.parse("2026-03-28T23:00Z");
const hour = (index: number, marketprice: unknown, unit = "Eur/MWh") => ({
  start_timestamp: fromMs + index * 3_600_000,
  end_timestamp: fromMs + (index + 1) * 3_600_000,
  marketprice,
  unit,
});

async function fetch(data: unknown) {
  const server = await httpDevice(() => ({ body: { object: "list", data, url: "/at/v1/marketdata" } }));
  const provider = awattar({ url: server.url, country: "at" });
  return { asked: server.asked, answer: await provider.fetch(fromMs, fromMs + 82_800_000, AbortSignal.timeout(10_000)) };
}

it("reads hours in EUR per MWh, below zero too", async () => {
  const { asked, answer } = await fetch([hour(0, 181.94), hour(1, -0.01), hour(2, null)]);
  expect(asked).toEqual([`GET /v1/marketdata?start=${fromMs}&end=${fromMs + 82_800_000}`]);
  expect(answer).toEqual({
    currency: "EUR",
    zone: "AT",
    steps: [
      { startMs: fromMs, endMs: fromMs + 3_600_000, microPerKwh: 181_940n, taxedMicroPerKwh: null },
      { startMs: fromMs + 3_600_000, endMs: fromMs + 7_200_000, microPerKwh: -10n, taxedMicroPerKwh: null },
    ],
    gaps: 1,
  });
});

it.each([[[hour(0, 1, "ct/kWh")]], ["none"], [[{ start: 1 }]]])("refuses %.60j", async (data) => {
  await expect(fetch(data)).rejects.toMatchObject({ code: "service-bad-reply" });
});
