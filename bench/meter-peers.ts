import { execFileSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { MeterStream } from "./meter-streams.ts";

/** Another decoder, measured in the same run. */
export interface Peer {
  name: string;
  checksCrc: boolean;
  /** Decodes the whole stream once; returns how many telegrams it read. May keep its state between calls. */
  run(stream: MeterStream): number;
}

/** Said in place of a figure. */
export interface Skipped {
  name: string;
  reason: string;
}

const require = createRequire(import.meta.url);

/** The parsers of npm. They get whole telegrams, since cutting the stream is not their job: an advantage to them. */
export function npmPeers(): Peer[] {
  const dsmrParser = require("dsmr-parser") as { parse(text: string): { objects: Record<string, unknown> } };
  const p1Reader = require("p1-reader/lib/parsePacket") as (text: string) => { timestamp: unknown };
  const each = (read: (text: string) => boolean) => (stream: MeterStream) =>
    quietly(() => stream.telegrams.reduce((count, telegram) => count + (read(telegram.toString("latin1")) ? 1 : 0), 0));
  return [
    { name: "npm dsmr-parser", checksCrc: true, run: each((text) => "timestamp" in dsmrParser.parse(text).objects) },
    { name: "npm p1-reader", checksCrc: false, run: each((text) => p1Reader(text).timestamp !== null) },
  ];
}

/** Some say a line for each telegram; their figure is to be that of decoding alone. */
function quietly<T>(work: () => T): T {
  const { warn, log, error } = console;
  const quiet = (): void => undefined;
  Object.assign(console, { warn: quiet, log: quiet, error: quiet });
  try {
    return work();
  } finally {
    Object.assign(console, { warn, log, error });
  }
}

type AthomStream = new (options: { stream: EventEmitter; callback(error: unknown, result: unknown): void }) => unknown;

/** athombv/node-dsmr-parser, from a checkout below `folder` where its `npm run build` has run. */
export async function athomPeer(folder: string | undefined, family: "p1" | "han"): Promise<Peer | Skipped> {
  const name = "athombv/node-dsmr-parser";
  const file = resolve(folder ?? ".", "node-dsmr-parser/dist/index.js");
  if (folder === undefined) return { name, reason: "no --peers DIR" };
  if (!existsSync(file)) return { name, reason: `no ${file}; build the checkout` };
  const module = (await import(pathToFileURL(file).href)) as Record<string, AthomStream | undefined>;
  const Parser = module[family === "p1" ? "UnencryptedDSMRStreamParser" : "DlmsStreamParser"];
  if (!Parser) return { name, reason: `${file} exports no parser for ${family}` };
  let count = 0;
  const line = new EventEmitter();
  const parser = new Parser({ stream: line, callback: (error) => void (count += error ? 0 : 1) });
  return {
    name,
    checksCrc: true,
    run({ telegrams }) {
      count = 0;
      // Whole telegrams, one a chunk: it looks for the end of a telegram in all that it holds.
      quietly(() => telegrams.forEach((telegram) => line.emit("data", telegram)));
      return parser ? count : 0;
    },
  };
}

const python = `
import json, sys, time
sys.path.insert(0, sys.argv[1])
from dsmr_parser import telegram_specifications
from dsmr_parser.parsers import TelegramParser
telegrams = json.load(sys.stdin)
parser = TelegramParser(telegram_specifications.V5)
best = None
for _ in range(5):
    start = time.perf_counter()
    for telegram in telegrams: parser.parse(telegram)
    spent = time.perf_counter() - start
    best = spent if best is None or spent < best else best
print(best / len(telegrams))
`;

/** ndokter/dsmr_parser of Python, from a checkout below `folder`: seconds for one telegram, best of five rounds. */
export function pythonPeer(folder: string | undefined, stream: MeterStream): { name: string; secondsEach: number } | Skipped {
  const name = "ndokter/dsmr_parser (Python)";
  if (folder === undefined) return { name, reason: "no --peers DIR" };
  const checkout = join(resolve(folder), "dsmr_parser");
  if (!existsSync(checkout)) return { name, reason: `no ${checkout}` };
  try {
    const input = JSON.stringify(stream.telegrams.map((telegram) => telegram.toString("latin1")));
    const said = execFileSync("python3", ["-c", python, checkout], { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
    return { name, secondsEach: Number(said) };
  } catch (error) {
    const lines = String((error as { stderr?: unknown }).stderr ?? error)
      .trim()
      .split("\n");
    return { name, reason: lines.at(-1) ?? "failed" };
  }
}
