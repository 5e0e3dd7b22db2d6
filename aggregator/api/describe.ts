import { z } from "zod";
import type { Api } from "./api-app.ts";

const Problem = z
  .object({
    type: z.string().describe("urn:smart-mla:CODE"),
    title: z.string().describe("the code"),
    status: z.int(),
    detail: z.string(),
  })
  .meta({ id: "Problem", description: "RFC 9457" });

const meanings = {
  400: "a parameter is wrong",
  401: "a token is needed, or the one given does not hold",
  403: "the token is not enough for this",
  404: "there is no such thing",
  409: "not in the state that this needs",
  503: "the chain does not answer, or too much is asked at once; try again",
} as const;

/** Responses of a route: what it answers, and the problems that it may name. */
export function answers<S extends z.ZodType>(description: string, schema: S, ...statuses: readonly (keyof typeof meanings)[]) {
  return { 200: { description, content: { "application/json": { schema } } }, ...problems(...statuses) };
}

/** The problems that a route may name. */
export function problems(...statuses: readonly (keyof typeof meanings)[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: meanings[status], content: { "application/problem+json": { schema: Problem } } },
    ]),
  );
}

/** Said of routes that need a token. */
export const needsToken = [{ token: [] }];

/** Serves the OpenAPI 3.1 document of all routes added so far. */
export function serveDocument(app: Api, version: string): void {
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Smart-MLA aggregator",
      version,
      description:
        "Sites, settlement and statistics. Energy is Wh, power W, money micro-units of the currency as a decimal string, times ISO 8601 in UTC.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
  });
}
