import fc from "fast-check";
import { id } from "ethers";
import { expect, it } from "vitest";
import { type Home, marksOf, twoHomes } from "./two-homes.ts";

/** As much of an OpenAPI document as it takes to ask for everything in it. */
interface Schema {
  type?: string;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
}
interface Route {
  method: string;
  path: string;
  isPublic: boolean;
  parameters: { name: string; in: string; required?: boolean; schema: Schema }[];
  body: Schema | undefined;
}

type App = Awaited<ReturnType<typeof twoHomes>>["app"];

async function routesOf(app: App): Promise<Route[]> {
  const document = (await (await app.request("/openapi.json")).json()) as {
    paths: Record<
      string,
      Record<
        string,
        {
          security?: unknown[];
          parameters?: Route["parameters"];
          requestBody?: { content: Record<string, { schema: Schema }> };
        }
      >
    >;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      isPublic: security === undefined,
      parameters,
      body: requestBody?.content["application/json"]?.schema,
    })),
  );
}

/** What may stand for a parameter: what is right for some route, what points at a neighbour, and nonsense. */
const values = [
  "gw_alder",
  "gw_birch",
  "gw_alder/1",
  "gw_birch/1",
  "gw_alder_boiler",
  "birch_boiler",
  "0",
  "1",
  "2",
  "3",
  "200",
  "true",
  "all",
  "day",
  "run-1:0",
  "2026-03-01T00:00:00Z",
  "2026-03-03T00:00:00Z",
  id("digest of gw_birch"),
  "*",
  "%",
];
/** The value with which a route answers, by the name of its parameter; a new name needs one here. */
const good: Record<string, string> = {
  point: "feeder-7",
  date: "2026-03-02",
  seq: "1",
  id: "2",
  digest: id("digest of gw_birch"),
  by: `0x${"00".repeat(20)}`,
  epoch: "1",
  from: "2026-03-01T00:00:00Z",
  to: "2026-03-03T00:00:00Z",
  "last-event-id": "run-1:0",
};

const example = (schema: Schema): unknown => {
  if (schema.enum) return schema.enum.at(-1);
  if (schema.properties)
    return Object.fromEntries((schema.required ?? []).map((name) => [name, example(schema.properties?.[name] ?? {})]));
  return schema.type === "integer" || schema.type === "number" ? 1 : "1";
};

/** Asks one route. @param chosen values of its parameters by name */
async function ask(app: App, route: Route, chosen: Readonly<Record<string, string>>, authorization?: string) {
  let { path } = route;
  const query = new URLSearchParams();
  const headers = new Headers(authorization === undefined ? {} : { authorization });
  for (const { name, in: where } of route.parameters) {
    const value = chosen[name];
    if (value === undefined) continue;
    if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (where === "header") headers.set(name, value);
    else query.set(name, value);
  }
  if (route.body) headers.set("content-type", "application/json");
  const response = await app.request(`${path}?${query.toString()}`, {
    method: route.method,
    headers,
    ...(route.body && { body: JSON.stringify(example(route.body)) }),
  });
  if (response.headers.get("content-type") !== "text/event-stream")
    return { status: response.status, text: await response.text() };
  // It never ends: what is there at once is what a caller can get.
  const reader = response.body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  await reader?.cancel();
  return { status: response.status, text: new TextDecoder().decode(value) };
}

/** A request that names a home wherever one can be named. */
const plain = (route: Route, home: Home): Record<string, string> =>
  Object.fromEntries(
    route.parameters.flatMap(({ name, required }) => {
      if (name === "site") return [[name, home]];
      const value = good[name];
      if (required && value === undefined) throw new Error(`which value has ${name} of ${route.path}? Say it in "good"`);
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** Routes that need a longer story than two-homes.ts tells: a home that signs nothing for weeks. */
const untold = new Set(["/v1/disputes/{id}/evidence"]);

const shows = (text: string, home: Home): string[] => marksOf(home).filter((mark) => text.includes(mark));

it("every route of the document that needs a token has something of both homes to give away, or refuses households", async () => {
  const { app, header } = await twoHomes();
  const [operator, birch] = [await header("operator"), await header("household", "gw_birch")];
  const silent: string[] = [];
  // What changes something comes last.
  const all = (await routesOf(app)).toSorted((one, other) => (one.method < other.method ? -1 : 1));
  expect(all.length).toBeGreaterThan(15);
  for (const route of all.filter(({ isPublic, path }) => !isPublic && !untold.has(path))) {
    const refused = (await ask(app, route, plain(route, "gw_birch"), birch)).status === 403;
    const { status, text } = await ask(app, route, plain(route, "gw_birch"), operator);
    // Balances on chain are the same for both homes here; whether they may be asked for is in the path.
    if (!refused && shows(text, "gw_birch").length === 0 && !(status === 200 && route.path.includes("{site}")))
      silent.push(`${route.method} ${route.path} answers ${status}`);
  }
  expect(silent).toEqual([]);
});

it("no household token reads anything of a neighbour on any route, whatever it asks for", async () => {
  const { app, header, store } = await twoHomes();
  const tokens: Record<Home, string> = {
    gw_alder: await header("household", "gw_alder"),
    gw_birch: await header("household", "gw_birch"),
  };
  const other: Record<Home, Home> = { gw_alder: "gw_birch", gw_birch: "gw_alder" };
  const all = await routesOf(app);
  const check = async (route: Route, chosen: Record<string, string>, home: Home): Promise<void> => {
    const neighbour = other[home];
    const { status, text } = await ask(app, route, chosen, tokens[home]);
    const what = `${home} asks ${route.method} ${route.path} ${JSON.stringify(chosen)}`;
    // A refusal may repeat what was asked for, and nothing else.
    const asked = Object.values(chosen).toSorted((a, b) => b.length - a.length);
    const told = status < 400 || status >= 500 ? text : asked.reduce((left, value) => left.replaceAll(value || "\0", ""), text);
    if (route.isPublic) expect([what, text]).toEqual([what, (await ask(app, route, chosen)).text]);
    else expect([what, status, shows(told, neighbour)]).toEqual([what, status, []]);
    const named = route.parameters.some(({ name, in: where }) => name === "site" && where === "path") && chosen["site"];
    if (named === neighbour) expect([what, status < 400]).toEqual([what, false]);
  };
  // First what is right for each route, with a home's own name and with the neighbour's.
  for (const route of all)
    for (const home of Object.keys(tokens) as Home[])
      for (const named of Object.keys(tokens) as Home[]) await check(route, plain(route, named), home);
  const requests = fc.constantFrom(...all).chain((route) =>
    fc.record({
      route: fc.constant(route),
      home: fc.constantFrom<Home>("gw_alder", "gw_birch"),
      chosen: fc.record(
        Object.fromEntries(
          route.parameters.map(({ name }) => [name, fc.oneof(fc.constantFrom(...values), fc.constant(good[name] ?? "1"))]),
        ),
        { requiredKeys: route.parameters.filter(({ required }) => required).map(({ name }) => name) },
      ),
    }),
  );
  await fc.assert(
    fc.asyncProperty(requests, ({ route, home, chosen }) => check(route, chosen as Record<string, string>, home)),
    { numRuns: 600 },
  );
  // And nothing was changed at anybody's.
  expect((await store.disputes({ open: true, limit: 9 })).length).toBe(2);
});

it.each(["/metrics", "/v1/statistics", "/v1/audit"])("%s is not for households", async (path) => {
  const { app, header } = await twoHomes();
  const status = async (authorization?: string): Promise<number> =>
    (await app.request(path, { headers: authorization === undefined ? {} : { authorization } })).status;
  expect([await status(), await status(await header("household", "gw_birch")), await status(await header("auditor"))]).toEqual([
    401, 403, 200,
  ]);
});
