import { httpDevice } from "./http-device.ts";

/** A service in the form of energy-charts.info whose prices the test publishes. */
export interface PriceService {
  url: string;
  asked: string[];
  /** Where published prices end, ms; change it at will. */
  untilMs: number;
  /** Price of a start in EUR/MWh; change it at will. */
  price: (startMs: number) => number | null;
  /** What it says instead, while it is set. */
  instead: { status: number; body: string } | null;
}

const dayMs = 24 * 3_600_000;

/** @param untilMs where its prices end at first */
export async function priceService(untilMs: number): Promise<PriceService> {
  const server = await httpDevice(({ query }) => {
    if (service.instead) return service.instead;
    const starts: number[] = [];
    const endMs = Math.min(Date.parse(query.get("end") ?? "") + dayMs, service.untilMs);
    for (let at = Date.parse(query.get("start") ?? "") - 7_200_000; at < endMs; at += 900_000) starts.push(at);
    return {
      body: {
        license_info: "CC BY 4.0",
        unix_seconds: starts.map((at) => at / 1000),
        price: starts.map(service.price),
        unit: "EUR / MWh",
        deprecated: false,
      },
    };
  });
  const service: PriceService = { url: server.url, asked: server.asked, untilMs, price: () => 100, instead: null };
  return service;
}
