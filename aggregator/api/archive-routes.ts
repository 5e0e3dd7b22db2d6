import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import { Address } from "../../core/message/fields.ts";
import { parseAs } from "../../core/parse-as.ts";
import { type ArchiveLine, writeArchiveLine } from "../../settlement/log/archive.ts";
import { pricesHash } from "../../settlement/record/reference-hash.ts";
import type { SignedTerms } from "../../settlement/record/sign-agreement.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { needsToken, problems } from "./describe.ts";
import { boundTo } from "./token.ts";

/** What auditors and mirrors fetch. */
export interface ArchiveRoutesOptions {
  store: Pick<AggregatorStore, "records">;
  owner: string | null;
  signedAgreementOf: (site: string) => SignedTerms | undefined;
  /** What was published of an epoch. */
  logBytesOf: (epoch: number) => Promise<Uint8Array | null>;
  log: Log;
}

const LogPath = z.object({ by: Address, epoch: z.coerce.number().int().min(1) });

const lines = createRoute({
  method: "get",
  path: "/v1/archive",
  tags: ["settlement"],
  security: needsToken,
  responses: {
    200: {
      description: "agreements, price series and co-signed records with their evidence, for settlement audit --records",
      content: { "application/x-ndjson": { schema: z.string() } },
    },
    ...problems(401),
  },
});
const data = createRoute({
  method: "get",
  path: "/v1/log/{by}/{epoch}",
  tags: ["log"],
  request: { params: LogPath },
  responses: {
    200: {
      description: "what was published of an epoch; anybody can check it against the root on chain",
      content: { "application/octet-stream": { schema: z.string().meta({ format: "binary" }) } },
    },
    ...problems(400, 404),
  },
});

/** Records read at a time. */
const pageRecords = 200;

/** Records for whoever may recompute them, and the public data of epochs. */
export function archiveRoutes(app: Api, { store, owner, signedAgreementOf, logBytesOf, log }: ArchiveRoutesOptions): void {
  /** The answer is under way: its connection is cut, and why is the operator's to read, as with any other request. */
  const broken = (error: unknown): never => {
    log.error({ code: errorCode(error), error: errorMessage(error) }, "request failed");
    throw new AppError("archive-broken-off", "the archive ends before its time; the log of the aggregator says why");
  };
  // What is no JSON is only described by the library, and answered by ourselves.
  app.openAPIRegistry.registerPath(lines);
  app.openAPIRegistry.registerPath(data);
  app.get(lines.getRoutingPath(), (c) => {
    const bound = boundTo(c.get("caller"));
    const encoder = new TextEncoder();
    const found = archiveLines({ store, owner, signedAgreementOf, site: bound });
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { value, done } = await found.next().catch(broken);
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${writeArchiveLine(value)}\n`));
      },
    });
    return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
  });
  app.get(data.getRoutingPath(), async (c) => {
    const { by, epoch } = parseAs(LogPath, c.req.param(), "bad-query");
    const bytes = by === owner ? await logBytesOf(epoch) : null;
    if (!bytes) throw new AppError("unknown-record", `nothing is published here of epoch ${epoch} of ${by}`);
    return new Response(new Uint8Array(bytes), { headers: { "content-type": "application/octet-stream" } });
  });
}

function archivedTerms({ agreement, signatureA, signatureB }: SignedTerms): ArchiveLine {
  return "kind" in agreement
    ? { v: 1, kind: "grid-agreement", agreement, signatureA, signatureB }
    : { v: 1, kind: "agreement", agreement, signatureA, signatureB };
}

/** Each agreement and price series once, before the first record that names it. */
async function* archiveLines({
  store,
  owner,
  signedAgreementOf,
  site,
}: Pick<ArchiveRoutesOptions, "store" | "owner" | "signedAgreementOf"> & { site: string | null }): AsyncGenerator<
  ArchiveLine,
  undefined
> {
  const told = new Set<string>();
  let after: { site: string; seq: number } | null = null;
  for (;;) {
    const page = await store.records(after, pageRecords, site);
    for (const { site: at, record, evidence, prices, gatewaySignature, ownSignature } of page) {
      if (gatewaySignature === null || ownSignature === null) continue;
      const agreement = signedAgreementOf(at);
      if (agreement && !told.has(at)) {
        told.add(at);
        yield archivedTerms(agreement);
      }
      const hash = prices && pricesHash(prices);
      if (prices && hash && !told.has(hash)) {
        told.add(hash);
        yield { v: 1, kind: "prices", series: prices };
      }
      const [signatureA, signatureB] = record.a === owner ? [ownSignature, gatewaySignature] : [gatewaySignature, ownSignature];
      yield { v: 1, kind: "record", record, evidence, signatureA, signatureB };
    }
    const last = page.at(-1);
    if (!last || page.length < pageRecords) return undefined;
    after = { site: last.site, seq: last.record.seq };
  }
}
