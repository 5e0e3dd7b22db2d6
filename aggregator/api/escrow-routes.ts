import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { Address, Micro } from "../../core/message/fields.ts";
import { householdOf } from "../../settlement/record/agreement.ts";
import type { Terms } from "../../settlement/record/sign-agreement.ts";
import type { PairState } from "../../settlement/chain/chain-reader.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { SitePath } from "./site-routes.ts";
import { demandReader } from "./token.ts";

/** Money in escrow. */
export interface EscrowRoutesOptions {
  /** The terms with a home, or with a grid operator; undefined where nothing is settled with it. */
  agreementOf: (site: string) => Terms | undefined;
  /** A pair on chain. @throws AppError chain-unreachable, temporary */
  pairOf: (a: string, b: string) => Promise<PairState>;
}

const Side = z.object({
  owner: Address,
  balance: Micro,
  leaving: Micro.describe("announced to be taken out"),
  owed: Micro.describe("all that this side has ever owed, settled records only"),
});
const Escrow = z.object({
  currency: z.string(),
  household: Side,
  aggregator: Side,
  householdOwesOpen: Micro.describe("after a partial settlement; negative where the aggregator owes"),
  settled: z.int().describe("number of the newest settled record"),
});

const escrow = createRoute({
  method: "get",
  path: "/v1/sites/{site}/escrow",
  tags: ["settlement"],
  security: needsToken,
  request: { params: SitePath },
  responses: answers("what the contract has of both sides, as the chain says now", Escrow, 401, 403, 404, 503),
});

/** Balances, asked of the chain. */
export function escrowRoutes(app: Api, { agreementOf, pairOf }: EscrowRoutesOptions): void {
  app.openapi(escrow, async (c) => {
    const { site } = c.req.valid("param");
    demandReader(c.get("caller"), site);
    const agreement = agreementOf(site);
    if (!agreement) throw new AppError("unknown-site", `nothing is settled with site "${site}" here`);
    const pair = await pairOf(agreement.a, agreement.b);
    const householdIsA = agreement.aggregator !== agreement.a;
    const side = (isA: boolean, owner: string) => ({
      owner,
      balance: String(isA ? pair.balanceA : pair.balanceB),
      leaving: String(isA ? pair.leavingA : pair.leavingB),
      owed: String(isA ? pair.cumA : pair.cumB),
    });
    return c.json(
      {
        currency: agreement.currency,
        household: side(householdIsA, householdOf(agreement)),
        aggregator: side(!householdIsA, agreement.aggregator),
        householdOwesOpen: String(householdIsA ? pair.open : -pair.open),
        settled: pair.seq,
      },
      200,
    );
  });
}
