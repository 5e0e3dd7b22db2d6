import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { hashOfToken } from "../../../aggregator/api/token.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { runCli } from "../../fake/run-cli.ts";
import { scratch } from "../../fake/scratch.ts";

/** A configuration of one home, and the verb over it. */
function setUp() {
  const folder = scratch("tokens");
  const file = join(folder, "aggregator.yaml");
  writeFileSync(
    file,
    JSON.stringify({
      version: 1,
      id: "community",
      broker: { url: "mqtt://127.0.0.1:1" },
      control_key_file: "control.json",
      sites: { "gw-1": {} },
      prices_file: "prices.json",
      storage: { path: "data.db" },
    }),
  );
  return {
    database: join(folder, "data.db"),
    token: (...args: string[]) => runCli(["aggregator", "token", ...args, "-c", file]),
  };
}

it("makes a token whose text is nowhere kept, lists it and revokes it", async () => {
  const { database, token } = setUp();
  const made = await token("create", "household", "--site", "gw-1", "--note", "the Smiths", "--valid", "24h", "--json");
  expect(made).toMatchObject({ code: 0, err: "" });
  const { token: text, id, ...about } = JSON.parse(made.out) as Record<string, string>;
  expect(text).toMatch(/^sma_[\w-]{43}$/);
  expect(about).toMatchObject({ role: "household", site: "gw-1", note: "the Smiths", revoked: null });
  const store = await openStore({ engine: "sqlite", file: database });
  expect(await store.tokenByHash(hashOfToken(text ?? ""))).toMatchObject({ id, role: "household", site: "gw-1" });
  expect(JSON.stringify(await store.tokens())).not.toContain(text);
  expect((await token("list")).out).toMatch(new RegExp(`^${id}  household  gw-1 +until \\S+Z  the Smiths$`));
  expect(await token("revoke", id ?? "")).toMatchObject({ code: 0 });
  const [ended] = await store.tokens();
  expect(ended?.revokedMs).toBeGreaterThan(0);
  await token("revoke", id ?? "");
  expect((await store.tokens())[0]?.revokedMs).toBe(ended?.revokedMs);
  await store.close();
});

it.each<[string, string[], RegExp]>([
  ["a household without a home", ["create", "household"], /^usage-token-site: /],
  ["an operator bound to a home", ["create", "operator", "--site", "gw-1"], /^usage-token-site: /],
  ["a home that is not configured", ["create", "household", "--site", "gw-2"], /^enrol-unknown-site: /],
  ["a life without an end", ["create", "auditor", "--valid", "always"], /^usage-bad-time: /],
  ["another role", ["create", "king"], /Allowed choices are operator, auditor, household/],
  ["a token that is none", ["revoke", "abcd"], /^usage-unknown-token: /],
])("refuses %s", async (_, args, complaint) => {
  const { database, token } = setUp();
  expect(await token(...args)).toMatchObject({ code: 2, out: "", err: expect.stringMatching(complaint) });
  const store = await openStore({ engine: "sqlite", file: database });
  expect(await store.tokens()).toEqual([]);
  await store.close();
});
