import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { AppError } from "../../core/app-error.ts";
import { controlStore, type ControlStore } from "./control-store.ts";
import { migrations } from "./migrations.ts";
import { settlementStores, type SettlementStores } from "./settlement-stores.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

/**
 * Reads what an agent, which may be running, has stored about settlement.
 * @throws AppError store-unusable, store-damaged, store-too-old
 */
export function readSettlement<T>(file: string, read: (stores: SettlementStores & Pick<ControlStore, "prices">) => T): T {
  if (!existsSync(file)) throw new AppError("store-unusable", `no database ${file}; has the agent ever run?`);
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    const version = Number(db.pragma("user_version", { simple: true }));
    if (version < migrations.length)
      throw new AppError("store-too-old", `${file} has version ${version}, expected ${migrations.length}; start the agent once`);
    return read({ ...settlementStores(db), prices: controlStore(db).prices });
  } catch (error) {
    throw sqliteFailure(error, file) ?? error;
  } finally {
    db?.close();
  }
}
