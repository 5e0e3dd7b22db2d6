import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { Hash } from "../../core/message/fields.ts";
import { RecordWire } from "../../core/message/settlement-message.ts";
import { Bundle } from "../../settlement/verify/bundle.ts";
import type { AggregatorStore, StoredRecord } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { boundTo, demandReader } from "./token.ts";

/** What is shown of settlement. */
export interface SettlementRoutesOptions {
  store: Pick<AggregatorStore, "records" | "recordAt">;
  bundleOf: (record: StoredRecord) => Promise<Bundle | null>;
}

const Page = z.object({
  cursor: z
    .string()
    .regex(/^[^/]+\/\d{1,15}$/)
    .optional()
    .describe("`next` of the page before"),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  site: z.string().optional(),
});
const RecordPath = z.object({ site: z.string(), seq: z.string() });

const ListedRecord = RecordWire.extend({
  site: z.string(),
  digest: Hash,
  state: z.enum(["proposed", "cosigned", "disputed"]),
  epoch: z.int().nullable().describe("that holds it; null until then"),
});
const Records = z.object({
  items: z.array(ListedRecord),
  next: z.string().nullable().describe("cursor of the next page, null after the last"),
});

const list = createRoute({
  method: "get",
  path: "/v1/settlements",
  tags: ["settlement"],
  security: needsToken,
  request: { query: Page },
  responses: answers("records by home and number", Records, 400, 401, 403),
});
const bundle = createRoute({
  method: "get",
  path: "/v1/settlements/{site}/{seq}/bundle",
  tags: ["settlement"],
  security: needsToken,
  request: { params: RecordPath },
  responses: answers("the self-contained proof of one record, for settlement verify", Bundle, 401, 403, 404, 409),
});

/** Records and their proofs. */
export function settlementRoutes(app: Api, { store, bundleOf }: SettlementRoutesOptions): void {
  app.openapi(list, async (c) => {
    const { cursor, limit, site } = c.req.valid("query");
    const bound = boundTo(c.get("caller"), site);
    const [afterSite, afterSeq] = cursor?.split("/") ?? [];
    const after = afterSite === undefined ? null : { site: afterSite, seq: Number(afterSeq) };
    const records = await store.records(after, limit, bound);
    const last = records.at(-1);
    return c.json(
      {
        items: records.map(({ site: at, record, digest, state, epoch }) => ({ site: at, digest, state, epoch, ...record })),
        next: last && records.length === limit ? `${last.site}/${last.record.seq}` : null,
      },
      200,
    );
  });
  app.openapi(bundle, async (c) => {
    const { site, seq } = c.req.valid("param");
    demandReader(c.get("caller"), site);
    const record = /^\d{1,15}$/.test(seq) ? await store.recordAt(site, Number(seq)) : null;
    if (!record) throw new AppError("unknown-record", `site "${site}" has no record ${seq}`);
    const made = await bundleOf(record);
    if (!made) throw new AppError("not-cosigned", "both sides have not signed this record yet");
    return c.json(made, 200);
  });
}
