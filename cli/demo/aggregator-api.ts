import type { InstructionList } from "../../core/message/instruction.ts";
import type { Bundle } from "../../settlement/bundle.ts";

/** What the demo asks of the aggregator's API. */
export interface DemoStatistics {
  samples: number;
  slots: number;
  switches: number;
  importWh: number;
  plansAccepted: number;
  recordsCosigned: number;
  recordsDisputed: number;
  recordsAnchored: number;
}

export interface RecordLine {
  site: string;
  seq: number;
  state: string;
  epoch: number | null;
  end: string;
}

/** A reader of the aggregator's HTTP API; every call rejects where it does not answer. */
export function aggregatorApi(url: string) {
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    statistics: () => get<DemoStatistics>("/v1/statistics"),
    plans: async (site: string) => (await get<{ items: InstructionList[] }>(`/v1/sites/${site}/plans`)).items,
    sites: async () => (await get<{ items: { site: string; rows: number }[] }>("/v1/sites")).items,
    async settlements(): Promise<RecordLine[]> {
      const all: RecordLine[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const page: { items: RecordLine[]; next: string | null } = await get(
          `/v1/settlements?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        all.push(...page.items);
        cursor = page.next;
      }
      return all;
    },
    bundle: (site: string, seq: number) => get<Bundle>(`/v1/settlements/${site}/${seq}/bundle`),
  };
}

export type AggregatorApi = ReturnType<typeof aggregatorApi>;
