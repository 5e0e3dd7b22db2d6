import { isUtf8 } from "node:buffer";
import { LineCounter, parse, parseDocument } from "yaml";
import type { z } from "zod";
import { AppError, errorMessage } from "../core/app-error.ts";
import { offsetOf } from "./config-file.ts";
import { readInput } from "./read-input.ts";

/** Longest text whose lines are looked up for a message: the parser that knows places takes seconds for more. */
const mostPlacedChars = 2 * 1024 * 1024;
/** So many mistakes are told. */
const mostIssues = 5;

/** What a file has to be, and how its mistakes are told. */
export interface DocumentKind<S extends z.ZodType> {
  schema: S;
  /** Stable code of every mistake in it. */
  code: string;
  /** What it is, such as "book of orders", and the command that prints its schema. */
  name: string;
  schemaVerb: string;
  mostBytes: number;
}

/**
 * A JSON or YAML file (- for standard input) as its schema has it.
 * @throws AppError input-unreadable; the code of the kind, with file, line and field of each of the first mistakes
 */
export async function readDocument<S extends z.ZodType>(file: string, kind: DocumentKind<S>): Promise<z.output<S>> {
  const bytes = await readInput(file, kind.mostBytes);
  if (!isUtf8(bytes)) throw new AppError(kind.code, `${file} is not UTF-8; save it as UTF-8`);
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  const checked = kind.schema.safeParse(parsed(text, file, kind.code));
  if (checked.success) return checked.data;
  const { issues } = checked.error;
  const place = placesIn(text, file);
  const told = issues.slice(0, mostIssues).map(({ path, message, ...issue }) => {
    const keys = path.map((key) => (typeof key === "symbol" ? String(key) : key));
    const [unknown] = issue.code === "unrecognized_keys" && "keys" in issue ? issue.keys : [];
    const at = unknown === undefined ? keys : [...keys, unknown];
    return `${place(at)} ${fieldOf(at)}: ${message}`;
  });
  const more = issues.length > mostIssues ? [`and ${issues.length - mostIssues} more`] : [];
  const help = `\`${kind.schemaVerb}\` prints what is expected`;
  throw new AppError(kind.code, `${file} is no ${kind.name}: ${[...told, ...more].join("; ")}; ${help}`);
}

function parsed(text: string, file: string, code: string): unknown {
  try {
    return /^\s*[{[]/.test(text) ? JSON.parse(text) : parse(text);
  } catch (error) {
    throw new AppError(code, `${file} is neither JSON nor YAML: ${errorMessage(error)}`);
  }
}

function placesIn(text: string, file: string): (path: readonly (string | number)[]) => string {
  if (text.length > mostPlacedChars) return () => file;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  return (path) => `${file}:${lineCounter.linePos(offsetOf(document, path)).line}`;
}

/** orders[3].wh, as it would be written in code. */
function fieldOf(path: readonly (string | number)[]): string {
  const text = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  return text.replace(/^\./, "") || "(top)";
}
