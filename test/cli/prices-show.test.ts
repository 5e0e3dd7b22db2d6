import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PriceSeries } from "../../core/message/price-series.ts";
import { entsoeDocument } from "../fake/entsoe-document.ts";
import { httpDevice } from "../fake/http-device.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { writeGateway } from "./gateway-files.ts";

const spring = { start: "2026-03-28T23:00Z", end: "2026-03-29T22:00Z" };
const day = ["--from", "2026-03-29", "--to", "2026-03-30"];

async function shop(body: string, status = 200) {
  const folder = scratch("prices");
  const service = await httpDevice(() => ({ status, body, headers: { "content-type": "application/xml" } }));
  writeFileSync(join(folder, "token"), "secret-1\n", { mode: 0o600 });
  const provider = { name: "entsoe", area: "NL", token_file: "token", url: service.url };
  const tariff = [{ valid_from: "2026-01-01", energy_tax: 0.1, vat_percent: 21, export: { fee: 0.01 } }];
  const config = writeGateway(folder, { prices: { provider, tariff } });
  return { config, folder, show: (...args: string[]) => runCli(["prices", "show", "-c", config, ...args]) };
}

it("prints what the household pays and gets in each quarter of a short day, by local time", async () => {
  const { show } = await shop(
    entsoeDocument({
      ...spring,
      points: [
        [1, 100],
        [9, -50],
      ],
    }),
  );
  const { code, out, err } = await show(...day);
  const lines = out.split("\n");
  expect([code, err, lines.length]).toEqual([0, "", 93]);
  expect([lines[0], lines[8], lines[9]]).toEqual([
    "entsoe (10YNL----------L): 92 prices",
    "2026-03-29T01:45+01:00  15 min  import   0.242000  export   0.090000 EUR/kWh",
    "2026-03-29T03:00+02:00  15 min  import   0.060500  export  -0.060000 EUR/kWh",
  ]);
});

it("gives series of prices as JSON", async () => {
  const { show } = await shop(entsoeDocument({ ...spring, resolution: "PT60M", points: [[1, 100]] }));
  const { code, out } = await show(...day, "--json");
  const said = JSON.parse(out) as { series: unknown[] };
  expect(code).toBe(0);
  expect(said).toMatchObject({ provider: "entsoe", zone: "10YNL----------L", from: "2026-03-28T23:00:00.000Z", gaps: 0 });
  expect(said.series.map((series) => PriceSeries.parse(series).importPerKwh.length)).toEqual([23]);
});

it("exits 1 where nothing is published, 3 where the service has trouble, 2 where it refuses, and never says the token", async () => {
  const empty = await shop(entsoeDocument());
  expect(await empty.show(...day)).toMatchObject({ code: 1, out: expect.stringContaining("nothing is published") as string });
  const down = await shop("down", 503);
  expect(await down.show(...day)).toMatchObject({ code: 3, err: expect.stringContaining("service-refused: ") as string });
  const refused = await (await shop("no", 401)).show(...day);
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("service-refused: ") as string });
  expect(refused.err).not.toContain("secret-1");
});

it("says what is wrong with times, and where there is no section", async () => {
  const { show, folder } = await shop(entsoeDocument());
  expect(await show("--from", "soon")).toMatchObject({
    code: 2,
    err: expect.stringContaining("usage-bad-time: --from soon") as string,
  });
  expect((await show("--from", "2026-03-30", "--to", "2026-03-29")).err).toContain("usage-bad-time");
  const bare = writeGateway(folder, {});
  expect((await runCli(["prices", "show", "-c", bare])).err).toContain("prices-not-configured");
});

it("keeps the token out of the doctor's bundle, and looks at the mode of its file", async () => {
  const { config, folder } = await shop(entsoeDocument());
  writeFileSync(join(folder, "other"), "secret-2", { mode: 0o644 });
  const open = writeGateway(folder, { prices: { provider: { name: "tibber", token_file: "other" } } });
  expect(open).toBe(config);
  const bundle = join(folder, "bundle.json");
  const { out } = await runCli(["doctor", "-c", config, "--bundle", bundle]);
  expect(out).toContain("price service token");
  expect(out).toContain("others may read it");
  const { readFileSync } = await import("node:fs");
  expect(readFileSync(bundle, "utf8")).not.toContain("secret-2");
});
