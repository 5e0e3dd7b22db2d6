import { Hono } from "hono";
import { z } from "zod";
import { iso } from "../../core/clock/clock.ts";
import { Instant } from "../../core/message/fields.ts";
import type { SiteState } from "../../core/message/resource.ts";
import { problemOf } from "../../core/problem.ts";
import type { Bundle } from "../../settlement/bundle.ts";
import type { AggregatorStore, StoredRecord } from "../store/aggregator-store.ts";

/** What the API shows. */
export interface ApiOptions {
  store: AggregatorStore;
  sites: readonly string[];
  /** Newest state by site, from the home itself or its Last Will. */
  states: ReadonlyMap<string, SiteState["state"]>;
  bundleOf: (record: StoredRecord) => Promise<Bundle | null>;
  rejected: () => Record<string, number>;
}

const Page = z.object({
  /** `site/seq` of the last record seen. */
  cursor: z
    .string()
    .regex(/^[^/]+\/\d+$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const Span = z.object({ from: Instant, to: Instant });

/** Read-only API over what happened. Errors as application/problem+json (RFC 9457). */
export function routes({ store, sites, states, bundleOf, rejected }: ApiOptions): Hono {
  const app = new Hono();
  const problem = (status: 400 | 404 | 409 | 500, code: string, detail: string): Response =>
    new Response(JSON.stringify(problemOf(status, code, detail)), {
      status,
      headers: { "content-type": "application/problem+json" },
    });
  const known = (site: string): boolean => sites.includes(site);

  app.get("/v1/statistics", async (c) =>
    c.json({ ...(await store.statistics(null)), sites: sites.length, rejected: rejected() }),
  );
  app.get("/v1/sites", async (c) => {
    const rows = new Map((await store.itemCounts()).map((count) => [count.site, count.rows]));
    return c.json({ items: sites.map((site) => ({ site, state: states.get(site) ?? "unknown", rows: rows.get(site) ?? 0 })) });
  });
  app.get("/v1/sites/:site/statistics", async (c) => {
    const site = c.req.param("site");
    return known(site) ? c.json(await store.statistics(site)) : problem(404, "unknown-site", `no site "${site}" here`);
  });
  app.get("/v1/sites/:site/consents", async (c) => {
    const site = c.req.param("site");
    if (!known(site)) return problem(404, "unknown-site", `no site "${site}" here`);
    return c.json({ items: (await store.consents(site)).map(({ consent, text }) => ({ ...consent, signed: text })) });
  });
  app.get("/v1/sites/:site/gaps", async (c) => {
    const site = c.req.param("site");
    if (!known(site)) return problem(404, "unknown-site", `no site "${site}" here`);
    const span = Span.safeParse(c.req.query());
    if (!span.success) return problem(400, "bad-query", z.prettifyError(span.error));
    const gaps = await store.gaps(site, Date.parse(span.data.from), Date.parse(span.data.to));
    return c.json({ items: gaps.map(({ kind, fromMs, toMs, reason }) => ({ kind, from: iso(fromMs), to: iso(toMs), reason })) });
  });
  app.get("/v1/sites/:site/plans", async (c) => {
    const site = c.req.param("site");
    if (!known(site)) return problem(404, "unknown-site", `no site "${site}" here`);
    const [plans, status] = [await store.plans(site), await store.statuses(site)];
    return c.json({ items: plans.map(({ list, status: answer, code }) => ({ ...list, answer, code })), status });
  });
  app.get("/v1/settlements", async (c) => {
    const page = Page.safeParse(c.req.query());
    if (!page.success) return problem(400, "bad-query", z.prettifyError(page.error));
    const [site, seq] = page.data.cursor?.split("/") ?? [];
    const records = await store.records(site === undefined ? null : { site, seq: Number(seq) }, page.data.limit);
    const last = records.at(-1);
    return c.json({
      items: records.map(({ site: at, record, digest, state, epoch }) => ({ site: at, digest, state, epoch, ...record })),
      next: last && records.length === page.data.limit ? `${last.site}/${last.record.seq}` : null,
    });
  });
  app.get("/v1/settlements/:site/:seq/bundle", async (c) => {
    const { site, seq } = c.req.param();
    const record = /^\d{1,15}$/.test(seq) ? await store.recordAt(site, Number(seq)) : null;
    if (!record) return problem(404, "unknown-record", `site "${site}" has no record ${seq}`);
    const bundle = await bundleOf(record);
    return bundle ? c.json(bundle) : problem(409, "not-cosigned", "both sides have not signed this record yet");
  });
  app.get("/v1/epochs", async (c) =>
    c.json({ items: (await store.epochs()).map(({ digests, ...epoch }) => ({ ...epoch, count: digests.length })) }),
  );
  app.notFound((c) => problem(404, "unknown-path", `nothing at ${c.req.path}; try /v1/statistics`));
  app.onError((error) => problem(500, "unexpected", error.message));
  return app;
}
