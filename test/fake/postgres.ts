import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { freePort } from "../../cli/free-port.ts";
import { peer } from "./peer.ts";
import { until } from "./until.ts";

/** A real PostgreSQL server in a folder of its own, on a socket and a free loopback port. */
export interface Postgres {
  port: number;
  /** Makes a database and gives its address. */
  database(name: string): string;
  /** Runs SQL as the superuser and gives what psql prints. */
  psql(database: string, sql: string): string;
  /** SIGKILL to the server, as at a power cut of its machine. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The folder of the server's programs; Debian keeps them off PATH. Undefined where it is not installed. */
export function postgresFolder(): string | undefined {
  const [newest] = globSync("/usr/lib/postgresql/*/bin/postgres").toSorted().toReversed();
  return dirname(newest ?? peer("postgres") ?? "") || undefined;
}

/** Runs a program as the server's own user where we are root: it refuses to run as root. */
function asServer(program: string, args: readonly string[]): [string, string[]] {
  return process.getuid?.() === 0
    ? ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, ...args]]
    : [program, [...args]];
}

/** @param folder of the programs, from postgresFolder() */
export async function startPostgres(programs: string): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-postgres-"));
  if (process.getuid?.() === 0) execFileSync("chown", ["postgres:", folder]);
  const run = (program: string, ...args: string[]): string =>
    execFileSync(...asServer(join(programs, program), args), {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      cwd: folder,
    });
  const data = join(folder, "data");
  run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale");
  const port = await freePort();
  const settings = { listen_addresses: "'127.0.0.1'", port, unix_socket_directories: `'${folder}'`, max_connections: 200 };
  writeFileSync(
    join(data, "postgresql.auto.conf"),
    Object.entries(settings)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(""),
  );
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let complaint = "";
  const start = async (): Promise<void> => {
    const [program, args] = asServer(join(programs, "postgres"), ["-D", data]);
    const started = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], cwd: folder });
    child = started;
    started.stderr.on("data", (bytes: Buffer) => (complaint = `${complaint}${bytes.toString("utf8")}`.slice(-4000)));
    ended = new Promise((resolve) => started.once("close", () => resolve()));
    await until(
      "PostgreSQL answers",
      () => {
        if (started.exitCode !== null) throw new Error(`postgres ended with ${started.exitCode}: ${complaint}`);
        return answers(port);
      },
      60_000,
    );
  };
  await start();
  const psql = (database: string, sql: string): string =>
    run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", String(port), "-U", "postgres", "-d", database, "-c", sql);
  return {
    port,
    psql,
    database(name) {
      psql("postgres", `create database "${name}"`);
      return `postgres://postgres@127.0.0.1:${port}/${name}`;
    },
    async kill() {
      // The server's children go with it; what it leaves behind is what a crash leaves.
      execFileSync("pkill", ["-KILL", "-f", data]);
      await ended;
      for (const left of ["postmaster.pid"]) rmSync(join(data, left), { force: true });
    },
    start,
    async stop() {
      child?.kill("SIGINT");
      await ended;
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
