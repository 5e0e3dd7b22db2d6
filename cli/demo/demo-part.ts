import type { AggregatorApi } from "./aggregator-api.ts";
import type { DemoFiles, HomeFiles } from "./demo-files.ts";
import type { DemoParties } from "./demo-parties.ts";
import type { Supervisor } from "./supervisor.ts";

/**
 * Something that the demo shows beside homes and aggregator, such as an exchange. World opens it once the parties are on the
 * chain; from then on it needs to know nothing of it.
 */
export interface DemoPart {
  /** What it adds to a home's agent.yaml, and to aggregator.yaml. */
  homeSections(home: HomeFiles): object;
  aggregatorSections(): object;
  /** Writes its files and starts its programs; agents and aggregator start after it. */
  start(): Promise<void>;
  /** Its line of the live table; null where there is nothing to say yet. */
  line(): Promise<string | null>;
  /** What it came to. Called once, after the day. */
  check(): Promise<PartResult>;
}

/** What a part came to, counted from what really happened. */
export interface PartResult {
  /** Added to what `--json` prints. */
  counts: Record<string, number>;
  /** What did not happen that should have, in words. */
  missed: string[];
  /** Lines of the summary, without their tick. */
  says: string[];
}

/** What a part is opened with. */
export interface PartWorld {
  files: DemoFiles;
  parties: DemoParties;
  programs: Pick<Supervisor, "start">;
  api: AggregatorApi;
  rpcUrl: string;
  clock: { url: string; now(): number };
  /** When the day of service begins, ms. */
  startMs: number;
  seed: number;
}
