import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { askService, badReply, goodText } from "../ask-service.ts";
import { stepsOf, type MarketPrices, type PriceProvider, type RawPrice, type Window } from "./market-prices.ts";

/** Resolutions of prices, ISO 8601, ms. */
const resolutions: Record<string, number> = { PT15M: 900_000, PT30M: 1_800_000, PT60M: 3_600_000, PT1H: 3_600_000 };
/** More points than a year of quarters is no answer to our question. */
const mostPoints = 40_000;

/** Elements stay text: what is a number is decided below. */
const Point = z.object({ position: z.string(), "price.amount": z.string().optional() });
const Period = z.object({
  timeInterval: z.object({ start: z.string(), end: z.string() }),
  resolution: z.string(),
  Point: z.array(Point).default([]),
});
const TimeSeries = z.object({
  "currency_Unit.name": z.string().default("EUR"),
  "price_Measure_Unit.name": z.string().default("MWH"),
  "classificationSequence_AttributeInstanceComponent.position": z.string().optional(),
  curveType: z.string().default("A01"),
  Period: z.array(Period).default([]),
});
const Document = z.object({
  Publication_MarketDocument: z
    .object({ type: z.string().default("A44"), TimeSeries: z.array(TimeSeries).default([]) })
    .optional(),
  Acknowledgement_MarketDocument: z
    .object({ Reason: z.array(z.object({ code: z.string().default(""), text: z.string().default("") })).default([]) })
    .optional(),
});

/** Day-ahead prices of the ENTSO-E Transparency Platform (document A44, 12.1.D). @param options.area EIC code of the zone */
export function entsoe(options: {
  url: string;
  area: string;
  /** Which auction where a zone has several: 1 is the coupled day-ahead market. */
  sequence: number;
  currency: string;
  token: () => string;
}): PriceProvider {
  const { area, sequence, currency } = options;
  return {
    name: "entsoe",
    publishes: { time: "13:00", zone: "Europe/Brussels" },
    async fetch(fromMs, toMs, signal) {
      const token = options.token();
      const url = new URL(options.url);
      const query = {
        documentType: "A44",
        in_Domain: area,
        out_Domain: area,
        periodStart: minuteOf(fromMs),
        periodEnd: minuteOf(toMs),
        securityToken: token,
      };
      for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
      const reply = await askService({ url, signal, headers: { accept: "application/xml, text/xml" } });
      // A refusal comes as a document too, with status 400 or 401.
      const text = reply.text.includes("Acknowledgement_MarketDocument") ? reply.text : goodText(url, reply);
      try {
        return await entsoePrices(text, { area, sequence, currency }, { fromMs, toMs });
      } catch (error) {
        if (error instanceof AppError) throw withoutToken(error, token);
        throw badReply(url, errorMessage(error).replaceAll(token, "(token)"));
      }
    },
  };
}

/**
 * Prices in an answer. Points that a curve of type A03 omits repeat the one before; of two resolutions the finer counts.
 * @throws AppError prices-refused (with the platform's reason); Error where it is no such document
 */
export async function entsoePrices(
  xml: string,
  { area, sequence, currency }: { area: string; sequence: number; currency: string },
  window: Window,
): Promise<MarketPrices> {
  const document = Document.parse(await parseXml(xml));
  const refused = document.Acknowledgement_MarketDocument;
  if (refused) {
    const said = refused.Reason.map(({ code, text }) => `${code} ${text}`.trim()).join("; ");
    // The platform has one code for all; only its words tell "not yet published" from a mistake.
    if (/no matching data/i.test(said)) return { currency, zone: area, steps: [], gaps: 0 };
    throw new AppError("prices-refused", `the price service refused the question: ${said.slice(0, 300)}; check token and zone`);
  }
  const publication = document.Publication_MarketDocument;
  if (!publication) throw new Error("neither a publication nor an acknowledgement");
  if (publication.type !== "A44") throw new Error(`document type ${publication.type.slice(0, 20)} instead of A44`);
  const wanted = publication.TimeSeries.filter((series) => {
    const position = series["classificationSequence_AttributeInstanceComponent.position"];
    return position === undefined || position === String(sequence);
  });
  const found = wanted[0]?.["currency_Unit.name"] ?? currency;
  const same = wanted.filter((series) => series["currency_Unit.name"] === found);
  const strange = same.find((series) => !["MWH", "KWH"].includes(series["price_Measure_Unit.name"]));
  if (strange) throw new Error(`prices per ${strange["price_Measure_Unit.name"].slice(0, 20)} instead of MWH`);
  const per = same[0]?.["price_Measure_Unit.name"] === "KWH" ? "kWh" : "MWh";
  const raw = same.flatMap((series) => series.Period.flatMap((period) => pointsOf(period, series.curveType)));
  return { currency: found, zone: area, ...stepsOf(raw, per, found, window) };
}

function pointsOf({ timeInterval, resolution, Point: points }: z.infer<typeof Period>, curveType: string): RawPrice[] {
  const [startMs, endMs, stepMs] = [Date.parse(timeInterval.start), Date.parse(timeInterval.end), resolutions[resolution]];
  if (stepMs === undefined) throw new Error(`resolution ${resolution.slice(0, 20)} is not known`);
  const count = (endMs - startMs) / stepMs;
  if (!(count >= 0 && count <= mostPoints)) throw new Error(`a period from ${timeInterval.start} to ${timeInterval.end}`);
  const byPosition = new Map(points.map((point) => [point.position.trim(), point]));
  const raw: RawPrice[] = [];
  let last: (typeof points)[number] | undefined;
  for (let position = 1; position <= count; position++) {
    const given = byPosition.get(String(position));
    const point: typeof last = given ?? (curveType === "A03" ? last : undefined);
    if (!point) continue;
    last = point;
    const at = startMs + (position - 1) * stepMs;
    raw.push({ startMs: at, endMs: at + stepMs, price: point["price.amount"] });
  }
  return raw;
}

/** @throws Error of the parser, with line and column, where it is no whole document */
async function parseXml(xml: string): Promise<unknown> {
  // Loaded with the first answer: most houses ask another source.
  const { XMLParser, XMLValidator } = await import("fast-xml-parser");
  const checked = XMLValidator.validate(xml);
  if (checked !== true) throw new Error(`XML line ${checked.err.line}: ${checked.err.msg}`);
  const arrays = new Set(["TimeSeries", "Period", "Point", "Reason"]);
  const parser = new XMLParser({
    ignoreAttributes: true,
    removeNSPrefix: true,
    parseTagValue: false,
    processEntities: false,
    isArray: (name) => arrays.has(name),
  });
  return parser.parse(xml);
}

function withoutToken(error: AppError, token: string): AppError {
  if (!error.message.includes(token)) return error;
  return new AppError(error.code, error.message.replaceAll(token, "(token)"), { temporary: error.temporary });
}

/** yyyyMMddHHmm in UTC. */
function minuteOf(instantMs: number): string {
  return new Date(instantMs).toISOString().replaceAll(/\D/g, "").slice(0, 12);
}
