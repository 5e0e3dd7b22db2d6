import type { Db } from "./open-database.ts";

/** Bytes that this gateway drew once and keeps, such as the seed of its delays; made at the first call. */
export function keptSecret(db: Db, name: string, draw: () => Uint8Array): Uint8Array {
  const found = db.prepare<[string], { value: Buffer }>("select value from secret where name = ?").get(name);
  if (found) return found.value;
  const value = draw();
  db.prepare("insert into secret values (?, ?)").run(name, value);
  return value;
}
