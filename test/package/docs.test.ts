import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { crossCheck } from "../../agent/config/cross-check.ts";
import { AgentYaml } from "../../agent/config/schema.ts";
import { AggregatorYaml } from "../../aggregator/config/schema.ts";
import { MarketYaml } from "../../market/config/schema.ts";
import { auditCauses, auditSteps } from "../../settlement/audit/journal.ts";
import { runProgram } from "../fake/run-program.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const pages = globSync(["*.md", "docs/**/*.md"], { cwd: root });
const found = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, first]) => first ?? "");
/** What is in one and not in the other. */
const missing = (from: Iterable<string>, given: Iterable<string>): string[] => {
  const have = new Set(given);
  return [...new Set(from)].filter((one) => !have.has(one)).toSorted();
};
/** First cell of each table row whose first cell is code. */
const firstCells = (text: string): string[] => found(text, /^\| `([^`]+)` +\|/gm);
/** The part of a page from one heading to the next of the same level. */
const section = (text: string, heading: string): string =>
  text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";

/** As code hosts make it from a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, "");

describe("links", () => {
  it.each(pages)("of %s lead to something that is there", (page) => {
    const links = found(withoutCode(read(page)), /\]\(([^)\s]+)\)/g).filter((link) => !/^[a-z]+:/.test(link));
    const broken = links.filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      if (anchor === undefined) return false;
      return !found(withoutCode(read(target)), /^#+ (.+)$/gm)
        .map(anchorOf)
        .includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe("the command line", () => {
  /** Help by verb, such as "config check"; groups and the command itself ("") among them. */
  const help = new Map<string, string>();
  const ask = async (verb: string): Promise<void> => {
    const { out } = await runProgram([...verb.split(" ").filter(Boolean), "--help"]);
    help.set(verb, out);
    const commands = out.split(/^Commands:$/m)[1] ?? "";
    const below = found(commands, /^ {2}([a-z][a-z-]*)/gm).filter((name) => name !== "help");
    for (const name of below) await ask(`${verb} ${name}`.trim());
  };
  const leaves = (): string[] => [...help.keys()].filter((verb) => !help.get(verb)?.includes("\nCommands:\n"));
  beforeAll(() => ask(""), 60_000);

  it.each(pages)("is not given verbs or options in %s that it does not have", (page) => {
    const wrong = found(read(page), /(?<![\w/.-]|-g )smart-mla ([a-z][^`\n|]*)/g).filter((line) => {
      const [one = "", two = "", three = "", four = ""] = line.split(/\s+/);
      const words = [`${one} ${two} ${three} ${four}`, `${one} ${two} ${three}`, `${one} ${two}`];
      const verb = words.find((some) => help.has(some)) ?? one;
      const given = found(line, /(--[a-z-]+)/g);
      const known = help.get(verb);
      const unknownBelow = verb === one && !leaves().includes(one) && /^[a-z]+$/.test(two);
      return known === undefined || unknownBelow || given.some((option) => !known.includes(option));
    });
    expect(wrong).toEqual([]);
  });

  it("has every verb and every option in docs/reference/cli.md", () => {
    const page = read("docs/reference/cli.md");
    const headings = found(page, /^## `smart-mla ([^`]+)`$/gm).map((heading) => heading.split(/ [-[A-Z]/)[0] ?? "");
    expect([missing(leaves(), headings), missing(headings, leaves())]).toEqual([[], []]);
    for (const verb of leaves()) {
      const [, part = ""] = page.split(new RegExp(`^## \`smart-mla ${verb}\\b`, "m"));
      const options = found(help.get(verb) ?? "", /^ {2}(?:-\w, )?(--[a-z0-9-]+)/gm).filter((option) => option !== "--help");
      const text = part.split(/^## /m)[0] ?? "";
      const told = (option: string): boolean => text.includes(option) || (option === "--config" && text.includes("-c FILE"));
      expect({ verb, untold: options.filter((option) => !told(option)) }).toEqual({ verb, untold: [] });
    }
  });
});

describe("docs/reference/config.md", () => {
  interface Json {
    properties?: Record<string, Json>;
    additionalProperties?: Json | boolean;
    items?: Json;
    anyOf?: Json[];
    oneOf?: Json[];
    default?: unknown;
  }
  /** Every leaf of a schema by its path, with its default where it has one. */
  const leavesOf = (schema: Json, path: string): [string, unknown][] => {
    const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
    const own = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => leavesOf(value, below(key)));
    const variants = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((variant) => leavesOf(variant, path));
    const { additionalProperties: other, items } = schema;
    const named =
      typeof other === "object" && Object.keys(other).length > 0 && schema.properties === undefined
        ? leavesOf(other, below("<name>"))
        : [];
    const listed = items ? leavesOf(items, `${path}[]`) : [];
    const inside = [...own, ...variants, ...named, ...listed].filter(([at]) => at !== path);
    return inside.length > 0 ? inside : [[path, schema.default]];
  };

  it.each([
    ["agent.yaml", AgentYaml],
    ["aggregator.yaml", AggregatorYaml],
    ["market.yaml", MarketYaml],
  ])("has every key of %s with its default, and no other", (file, schema) => {
    const page = section(read("docs/reference/config.md"), file);
    const leaves = leavesOf(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Json, "");
    const keys = leaves.map(([key]) => key);
    expect([missing(keys, firstCells(page)), missing(firstCells(page), keys)]).toEqual([[], []]);
    const rows = page.split("\n");
    const wrong = leaves.filter(([key, value]) => {
      if (value === undefined || typeof value === "object") return false;
      const cells = rows.find((row) => row.startsWith(`| \`${key}\``))?.split("|") ?? [];
      return !cells[3]?.includes(`\`${JSON.stringify(value).replaceAll('"', "")}\``);
    });
    expect(wrong).toEqual([]);
  });
});

describe("docs/how-to/connect-an-appliance.md", () => {
  type Sections = Record<string, object>;
  const blocks = found(read("docs/how-to/connect-an-appliance.md"), /^```yaml\n([\s\S]*?)^```$/gm);
  const [whole = {}, ...pieces] = blocks.map((block) => parse(block) as Sections);

  it.each([{}, ...pieces].map((piece) => [Object.keys(piece["appliances"] ?? {}).join(", "), piece]))(
    "has a good configuration with %s",
    (_, piece) => {
      const more = Object.entries(piece).map(([key, entries]) => [key, { ...whole[key], ...entries }]);
      const yaml = AgentYaml.parse({ ...whole, ...Object.fromEntries(more) });
      expect(crossCheck(yaml)).toEqual([]);
    },
  );
});

describe("docs/how-to/run-settlement.md", () => {
  const blocks = found(read("docs/how-to/run-settlement.md"), /^```yaml\n([\s\S]*?)^```$/gm).map(
    (block) => parse(block) as { settlement: object },
  );
  const chain = { key: "k", passphrase_file: "p", chain_id: 1, contract: `0x${"5e".repeat(20)}`, rpc_url: "http://127.0.0.1:1" };

  it.each(blocks.map(({ settlement }) => [Object.keys(settlement).join(", "), settlement]))(
    "has a good configuration of %s",
    (_, settlement) => expect(AggregatorYaml.shape.settlement.safeParse({ ...chain, ...settlement }).error).toBeUndefined(),
  );
});

describe("docs/how-to/connect-prices.md", () => {
  const blocks = found(read("docs/how-to/connect-prices.md"), /^```yaml\n([\s\S]*?)^```$/gm).map(
    (block) => parse(block) as object,
  );
  const [house = ""] = found(read("docs/how-to/connect-an-appliance.md"), /^```yaml\n([\s\S]*?)^```$/gm);

  it.each(blocks.map((block) => [JSON.stringify(block).slice(0, 60), block]))("has a good configuration in %s", (_, block) => {
    const yaml = AgentYaml.parse({ ...(parse(house) as object), ...block });
    expect(crossCheck(yaml)).toEqual([]);
  });

  it("has an example for each provider", () => {
    const names = blocks.flatMap((block) =>
      "prices" in block ? [AgentYaml.shape.prices.parse(block.prices)?.provider.name] : [],
    );
    expect(new Set(names).size).toBe(8);
  });
});

describe("docs/how-to/troubleshoot.md", () => {
  const sources = globSync("{core,planner,settlement,drivers,agent,aggregator,market,simulator,cli}/**/*.ts", { cwd: root }).map(
    read,
  );
  const thrown = sources.flatMap((text) => [
    ...found(text, /new (?:AppError|ConfigError)\(\s*"([a-z0-9-]+)"/g),
    ...found(text, /\b(?:parseAs|readJsonFile)\([^"]*"([a-z0-9]+(?:-[a-z0-9]+)+)"/g),
  ]);
  /** Codes travel as plain words too: flags, objections, arguments. They share their first word with a code. */
  const families = new Set([
    ...thrown.map((code) => code.split("-")[0] ?? ""),
    "receipt",
    "price",
    "counter",
    "reading",
    "clock",
    "inbox",
    "samples",
    "iec",
    "probe",
  ]);
  const noCodes = new Set([
    "audit-log",
    "chain-of-records",
    "prices-committed",
    "demo-control-1",
    "modbus-serial",
    "ocpp-rpc",
    // What audits find has a table of its own.
    ...auditCauses,
  ]);
  const words = sources.flatMap((text) => found(text, /"([a-z0-9]+(?:-[a-z0-9]+)+)"/g));
  const codes = [
    ...thrown,
    ...words.filter((word) => families.has(word.split("-")[0] ?? "") && !noCodes.has(word)),
    // Said by cli/program.ts and cli/main.ts themselves.
    "unexpected",
    "node-too-old",
  ];

  it("explains every code of the program, and no other", () => {
    const told = firstCells(read("docs/how-to/troubleshoot.md")).filter((cell) => /^[a-z0-9-]+$/.test(cell));
    expect([missing(codes, told), missing(told, codes)]).toEqual([[], []]);
  });

  it("quotes log lines as the program writes them", () => {
    const quoted = found(read("docs/how-to/troubleshoot.md"), /log line `([^`]+)`/g);
    expect(quoted.filter((line) => !sources.some((text) => text.includes(`"${line}`)))).toEqual([]);
  });

  it("is completed by docs/reference/contract.md, which has the contract's own errors", () => {
    const parts = ["Settlement", "Registry", "Escrow", "RecordLog"].map((name) => read(`settlement/contracts/${name}.sol`));
    const errors = found(parts.join("\n"), /^ +error (\w+)\(/gm);
    const kebab = errors.map((name) => `settlement-${name.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase()}`);
    const told = found(read("docs/reference/contract.md"), /^\| `[A-Z]\w+` +\| `(settlement-[a-z-]+)` +\|/gm);
    expect([missing(kebab, told), missing(told, kebab)]).toEqual([[], []]);
  });
});

it("docs/reference/settlement.md has every step and every cause of an audit", () => {
  const told = firstCells(section(read("docs/reference/settlement.md"), "Audit"));
  const names = [...auditSteps, ...auditCauses];
  expect([missing(names, told), missing(told, names)]).toEqual([[], []]);
});

it("docs/reference/api.md has every path and every problem of the API", () => {
  const sources = globSync("aggregator/api/*.ts", { cwd: root }).map(read).join("\n");
  const page = read("docs/reference/api.md");
  const paths = [...sources.matchAll(/method: "(\w+)",\s+path: "([^"]+)"/g)].map(
    ([, method = "", path = ""]) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, "<$1>")}`,
  );
  const told = found(page, /^## `((?:GET|POST|PUT|DELETE) \/v1[^`?]+)/gm);
  expect([missing(paths, told), missing(told, paths)]).toEqual([[], []]);
  const problems = [...found(sources, /^ +"([a-z-]+)": \d{3},$/gm), "unexpected"];
  const codes = firstCells(page).filter((cell) => cell.includes("-") || cell === "unexpected");
  expect([missing(problems, codes), missing(codes, problems)]).toEqual([[], []]);
});
