import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { Hash } from "../../core/message/fields.ts";
import { EpochInclusion } from "../../core/message/settlement-message.ts";
import { buildEpoch } from "../../settlement/log/epoch.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { StoredEpoch } from "../../settlement/log/kept-epochs.ts";
import type { Api } from "./api-app.ts";
import { answers } from "./describe.ts";

/** What anybody may see: roots, and that a digest is under one. */
export interface LogRoutesOptions {
  store: Pick<AggregatorStore, "epochs" | "epochOf">;
  /** The aggregator's own party; null without settlement. */
  owner: string | null;
}

const Page = z.object({
  cursor: z.coerce.number().int().min(0).default(0).describe("`next` of the page before"),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

const ListedEpoch = z.object({
  epoch: z.int(),
  root: Hash,
  count: z.int().describe("leaves of the tree"),
  committedTx: z.string().nullable().describe("transaction on chain; null until the chain has it"),
  final: z.boolean().describe("whether the chain cannot undo it any more"),
  blobs: z.int().describe("how many blobs of its data are on chain"),
});
const Epochs = z.object({ items: z.array(ListedEpoch), next: z.int().nullable() });

const list = createRoute({
  method: "get",
  path: "/v1/epochs",
  tags: ["log"],
  request: { query: Page },
  responses: answers("the roots that this aggregator has bound itself to", Epochs, 400),
});
const leaf = createRoute({
  method: "get",
  path: "/v1/log/digests/{digest}",
  tags: ["log"],
  request: { params: z.object({ digest: Hash }) },
  responses: answers(
    "that a record, or a price series, is under a root: for whoever holds it",
    EpochInclusion.extend({ committedTx: z.string().nullable() }),
    400,
    404,
  ),
});

/** The public log. It holds salted digests; what they stand for only their holders know. */
export function logRoutes(app: Api, { store, owner }: LogRoutesOptions): void {
  app.openapi(list, async (c) => {
    const { cursor, limit } = c.req.valid("query");
    const items = (await store.epochs({ after: cursor, limit })).map(listed);
    return c.json({ items, next: items.length === limit ? (items.at(-1)?.epoch ?? null) : null }, 200);
  });
  app.openapi(leaf, async (c) => {
    const { digest } = c.req.valid("param");
    const found = owner === null ? null : await store.epochOf(digest);
    if (!found || owner === null) throw new AppError("unknown-record", `no epoch of this aggregator holds ${digest}`);
    const { epoch, root, count, committedTx } = listed(found);
    return c.json({ by: owner, epoch, root, count, proof: buildEpoch(found.digests).proofOf(digest), committedTx }, 200);
  });
}

const listed = ({ digests, ...epoch }: StoredEpoch) => ({ ...epoch, count: digests.length });
