import { existsSync } from "node:fs";
import type { AggregatorConfig } from "../../aggregator/config/aggregator-config.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { AppError } from "../../core/app-error.ts";

/** Opens the database to read what an aggregator has kept; makes none. @throws AppError store-unusable and others of openStore */
export async function openLivedStore(database: AggregatorConfig["database"]): Promise<AggregatorStore> {
  if (database.engine === "sqlite" && !existsSync(database.file))
    throw new AppError("store-unusable", `no database ${database.file}; has the aggregator ever run?`);
  return openStore(database);
}
