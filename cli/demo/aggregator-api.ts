import { z } from "zod";
import { InstructionList } from "../../core/message/instruction.ts";

/** What the demo shows of the aggregator's statistics. Energy in Wh, the rest counted. */
const DemoStatistics = z.object({
  switches: z.int(),
  plansAccepted: z.int(),
  recordsCosigned: z.int(),
  recordsDisputed: z.int(),
  recordsAnchored: z.int(),
});
export type DemoStatistics = z.infer<typeof DemoStatistics>;

/** One settlement record as the API lists it; `epoch` is null until it is on its way to the chain. */
const RecordLine = z.object({ site: z.string(), seq: z.int(), epoch: z.int().nullable() });
export type RecordLine = z.infer<typeof RecordLine>;

const RecordPage = z.object({ items: z.array(RecordLine), next: z.string().nullable() });
const Plans = z.object({ items: z.array(InstructionList) });
/** A session with a grid operator, and what it has ordered, as the API lists them. */
const FlexSession = z.object({ point: z.string(), answered: z.int(), prognosisW: z.array(z.int()) });
const FlexOrder = z.object({
  reference: z.string(),
  price: z.string(),
  askedWh: z.int(),
  state: z.string(),
  net: z.string().nullable(),
});
const FlexSessions = z.object({ items: z.array(FlexSession) });
const FlexOrders = z.object({ items: z.array(FlexOrder) });
const Sites = z.object({ items: z.array(z.object({ site: z.string(), rows: z.int() })) });

/** A reader of the aggregator's HTTP API; every call rejects where it does not answer, or answers something else. */
export function aggregatorApi(url: string) {
  const get = async <S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return schema.parse(await response.json());
  };
  return {
    statistics: () => get("/v1/statistics", DemoStatistics),
    plans: async (site: string) => (await get(`/v1/sites/${site}/plans`, Plans)).items,
    sites: async () => (await get("/v1/sites", Sites)).items,
    flexSessions: async () => (await get("/v1/market/sessions", FlexSessions)).items,
    flexOrders: async (from: string, to: string) => (await get(`/v1/market/orders?from=${from}&to=${to}`, FlexOrders)).items,
    async settlements(): Promise<RecordLine[]> {
      const all: RecordLine[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const from: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
        const page = await get(`/v1/settlements?limit=500${from}`, RecordPage);
        all.push(...page.items);
        cursor = page.next;
      }
      return all;
    },
    /** As it came, for a verifier to judge. */
    bundle: (site: string, seq: number) => get(`/v1/settlements/${site}/${seq}/bundle`, z.unknown()),
  };
}

/** That reader. */
export type AggregatorApi = ReturnType<typeof aggregatorApi>;
