import type { TestProject } from "vitest/node";
import { postgresFolder, startPostgres } from "./fake/postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Address of the server's database "postgres"; absent where tests use SQLite. */
    postgresUrl: string;
  }
}

/** One PostgreSQL server for all tests of the project "postgres"; each test makes a database of its own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = postgresFolder();
  if (folder === undefined) throw new Error("PostgreSQL is not installed");
  const server = await startPostgres(folder);
  project.provide("postgresUrl", `postgres://postgres@127.0.0.1:${server.port}/postgres`);
  return () => server.stop();
}
