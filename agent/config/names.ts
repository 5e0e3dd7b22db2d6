/** A name of the file, never one that every object has, such as "constructor". */
export function own<T>(parts: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(parts, name) ? parts[name] : undefined;
}

/** Names for a message. */
export function have(names: Iterable<string>): string {
  return [...names].join(", ") || "none";
}
