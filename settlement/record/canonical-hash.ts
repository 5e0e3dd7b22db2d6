import { keccak256 } from "ethers/crypto";
import { AppError } from "../../core/app-error.ts";

/** Deeper data is refused before it can exhaust the stack. */
const maxDepth = 64;

/**
 * Canonical JSON (RFC 8785) of plain data: strings, safe integers, booleans, null, arrays and plain objects.
 * Fractions are refused because writers disagree about them; so is whatever JSON.stringify would drop or change.
 * @throws AppError canonical-bad-value naming the place, such as $.slots[3].wh
 */
export function canonicalJson(value: unknown): string {
  return write(value, "$", 0);
}

/** keccak256 of the canonical JSON in UTF-8, lower-case hex. @throws AppError canonical-bad-value */
export function canonicalHash(value: unknown): string {
  return keccak256(new TextEncoder().encode(canonicalJson(value)));
}

function write(value: unknown, path: string, depth: number): string {
  if (depth > maxDepth) throw refused(path, `is nested deeper than ${maxDepth}`);
  switch (typeof value) {
    case "string":
      return writeString(value, path);
    case "boolean":
      return String(value);
    case "number":
      if (!Number.isSafeInteger(value)) throw refused(path, `is ${value}, not an integer within ±(2^53 - 1)`);
      return JSON.stringify(value);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${Array.from(value, (item, at) => write(item, `${path}[${at}]`, depth + 1)).join(",")}]`;
      return writeObject(value, path, depth);
    default:
      throw refused(path, `is of type ${typeof value}, which JSON does not have`);
  }
}

function writeObject(value: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refused(path, "is not a plain object");
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused(path, "has symbols as keys");
  // sort() compares UTF-16 code units, which is the order RFC 8785 asks for.
  const members = Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, item]) => `${writeString(key, path)}:${write(item, `${path}.${key}`, depth + 1)}`);
  return `{${members.join(",")}}`;
}

function writeString(text: string, path: string): string {
  if (!text.isWellFormed()) throw refused(path, "holds half a surrogate pair, which UTF-8 cannot carry");
  return JSON.stringify(text);
}

function refused(path: string, why: string): AppError {
  return new AppError("canonical-bad-value", `${path} ${why}`);
}
