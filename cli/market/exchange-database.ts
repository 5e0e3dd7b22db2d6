import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { AppError } from "../../core/app-error.ts";
import { type ExchangeConfig, exchangeConfigFromYaml, ExchangeFile } from "../../market/desk/exchange-config.ts";
import { type ExchangeDb, openExchangeDatabase } from "../../market/store/open-exchange-database.ts";
import { readConfigFile } from "../config-file.ts";

/** Opens the database that a file names, and closes it after the work. The exchange may run. @throws AppError store-unusable */
export async function withExchangeDatabase<T>(
  file: string,
  work: (db: ExchangeDb, config: ExchangeConfig) => Promise<T>,
): Promise<T> {
  const config = exchangeConfigFromYaml(
    readConfigFile(file, ExchangeFile, () => []),
    dirname(resolve(file)),
  );
  if (!existsSync(config.databaseFile))
    throw new AppError("store-unusable", `no database ${config.databaseFile}; has the exchange run?`);
  const db = openExchangeDatabase(config.databaseFile);
  try {
    return await work(db, config);
  } finally {
    db.close();
  }
}
