import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node } from "yaml";
import type { z } from "zod";
import { errorMessage } from "../core/app-error.ts";
import type { ConfigIssue } from "../core/config-issue.ts";
import { ConfigError } from "./config-error.ts";

/** Of a configuration: that of an aggregator with fifty thousand homes. */
const mostBytes = 4 * 1024 * 1024;

/**
 * Reads a YAML file, checks it by a schema and then by what the schema cannot see.
 * @throws ConfigError with every issue and its place
 */
export function readConfigFile<S extends z.ZodType>(
  file: string,
  schema: S,
  crossCheck: (value: z.infer<S>) => ConfigIssue[],
): z.infer<S> {
  const lineCounter = new LineCounter();
  const document = parseDocument(readText(file), { lineCounter, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0)
    throw new ConfigError(
      "config-not-yaml",
      document.errors.map((error, index) => `${place(error.pos[0])} ${error.message}${index === 0 ? hintAt(error.code) : ""}`),
    );
  const reserved = reservedKeys(document);
  if (reserved.length > 0)
    throw new ConfigError(
      "config-invalid",
      reserved.map((offset) => `${place(offset)} __proto__ cannot be a name; choose another`),
    );
  const value: unknown = plain(document, file);
  const checked = schema.safeParse(value);
  const issues = checked.success ? crossCheck(checked.data) : checked.error.issues.flatMap((issue) => explain(issue, value));
  if (issues.length > 0)
    throw new ConfigError(
      "config-invalid",
      issues.map(
        ({ path, message, ofKey }) => `${place(offsetOf(document, path, ofKey))} ${path.join(".") || "(top)"} ${message}`,
      ),
    );
  if (!checked.success) throw new ConfigError("config-invalid", [`${file} ${checked.error.message}`]);
  return checked.data;
}

/** What is mostly meant by what the parser says of a line that stands too far left or right. */
function hintAt(code: string): string {
  const isIndentation = code === "BAD_INDENT" || code === "TAB_AS_INDENT" || code === "BLOCK_AS_IMPLICIT_KEY";
  return isIndentation
    ? "; see that this line and the one before it begin with the right number of blanks, and without tabs"
    : "";
}

/** Where keys stand that objects of this language do not keep: what hangs on them would be left out without a word. */
function reservedKeys(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === "__proto__") offsets.push(key.range?.[0] ?? 0);
    },
  });
  return offsets;
}

/** Aliases are followed only now: one may lead nowhere, or a few of them to millions of values. */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ConfigError("config-not-yaml", [`${file}:1:1 ${errorMessage(error)}`]);
  }
}

function readText(file: string): string {
  const unreadable = (why: string): ConfigError => new ConfigError("config-unreadable", [`${file} ${why}`]);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw unreadable(`cannot be read: ${errorMessage(error)}`);
  }
  // One of ten megabytes would be parsed for minutes, and none is so long: it is another file, or a broken one.
  if (bytes.length > mostBytes) throw unreadable(`has ${bytes.length} bytes, at most ${mostBytes} are read; is it another file?`);
  if (!isUtf8(bytes)) throw unreadable("is not UTF-8 text; save it as UTF-8, or with iconv -f latin1 -t utf8");
  return bytes.toString("utf8");
}

/** zod's issues in the words of an installer; a missing key and an unknown key get their own. */
function explain(issue: z.core.$ZodIssue, top: unknown): ConfigIssue[] {
  const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      path: [...path, key],
      ofKey: true,
      message: `unknown key "${key}"; remove it or check its spelling`,
    }));
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    if (at(top, path) === undefined && issue.message !== "Invalid input") return [{ path, message: issue.message }];
    const closest = issue.errors.toSorted((one, other) => one.length - other.length)[0] ?? [];
    if (closest.length > 0) return closest.flatMap((inner) => explain({ ...inner, path: [...issue.path, ...inner.path] }, top));
  }
  if (issue.code === "invalid_union" && issue.discriminator) {
    const key = issue.discriminator;
    const given = at(top, path);
    const what = given === undefined ? `missing ${key}` : `no ${key} called ${JSON.stringify(given)}`;
    return [{ path, message: "options" in issue && issue.options ? `${what} (have: ${issue.options.join(", ")})` : what }];
  }
  if (issue.code === "invalid_key")
    return [{ path, ofKey: true, message: issue.issues.map(({ message }) => message).join("; ") }];
  if (at(top, path) === undefined) {
    const wanted = wantedBy(issue);
    if (wanted !== undefined) return [{ path, message: `missing; expected ${wanted}` }];
  }
  if (issue.code === "invalid_type" && issue.expected === "int")
    return [{ path, message: `expected a whole number, received ${JSON.stringify(at(top, path))}` }];
  return [{ path, message: issue.message }];
}

/** What should have been there, where zod says it of a missing key too. */
function wantedBy(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === "invalid_type") return issue.expected === "int" ? "a whole number" : issue.expected;
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  return undefined;
}

function at(top: unknown, path: readonly (string | number)[]): unknown {
  let value = top;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** Where a path stands in the text; for a missing key, where its parent stands. */
export function offsetOf(document: Document, path: readonly (string | number)[], ofKey = false): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key));
      if (!pair) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else return offset;
  }
  return ofKey ? offset : ((node as Node | null)?.range?.[0] ?? offset);
}
