import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import { startAggregator, type RunningAggregator } from "../../aggregator/main.ts";
import { freePort } from "../../cli/free-port.ts";
import { readAggregatorConfig } from "../../cli/read-aggregator-config.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { createControlKey } from "../../core/envelope.ts";
import type { Certificate, CertificateAuthority } from "./certificates.ts";
import { runCli } from "./run-cli.ts";
import { scratch } from "./scratch.ts";
import { silentLog } from "./silent-log.ts";

/** An aggregator that enrols gateways over real HTTPS, and its operator's commands. */
export interface EnrollingAggregator {
  folder: string;
  configFile: string;
  url: string;
  databaseFile: string;
  controlKid: string;
  log: ReturnType<typeof silentLog>;
  running: RunningAggregator;
  /** A one-time code as the operator's command prints it. */
  codeFor(site: string, ...more: string[]): Promise<string>;
  /** Writes other sections into its configuration, for the next start. */
  configure(more: object): void;
  /** Stops it and starts it again with what its files now say. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The same time, but whatever is done every some seconds is done five times a second. */
function hurried(): Clock {
  const clock = realClock({ onError: () => undefined });
  return { ...clock, every: (periodMs, job, signal) => clock.every(Math.min(periodMs, 200), job, signal) };
}

/** @param broker its address and the aggregator's certificate for it; without it no broker answers */
export async function enrollingAggregator(options: {
  authority: CertificateAuthority;
  sites: readonly string[];
  broker?: { url: string; certificate: Certificate };
  enrolment?: object;
}): Promise<EnrollingAggregator> {
  const folder = scratch("enrolling");
  const { authority, broker } = options;
  const controlKid = "control-1";
  const { privateJwk } = await createControlKey(controlKid);
  writeFileSync(join(folder, "control.json"), JSON.stringify(privateJwk));
  const start = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString();
  const prices = { v: 1, currency: "EUR", start, stepS: 3600, importPerKwh: ["210000"], exportPerKwh: ["70000"] };
  writeFileSync(join(folder, "prices.json"), JSON.stringify([prices]));
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const configFile = join(folder, "aggregator.yaml");
  const yaml = {
    version: 1,
    id: "community",
    broker: {
      url: broker?.url ?? "mqtt://127.0.0.1:9",
      ...(broker && {
        ca_file: authority.caFile,
        cert_file: broker.certificate.certFile,
        key_file: broker.certificate.keyFile,
      }),
    },
    control_key_file: "control.json",
    sites: Object.fromEntries(options.sites.map((site) => [site, {}])),
    prices_file: "prices.json",
    enrolment: {
      listen: `127.0.0.1:${port}`,
      url,
      ca_cert_file: authority.caFile,
      ca_key_file: authority.caKeyFile,
      ...options.enrolment,
    },
    storage: { path: "state/data.db" },
    http: { listen: "127.0.0.1:0" },
  };
  writeFileSync(configFile, stringify(yaml));
  const log = silentLog();
  const begin = () => startAggregator({ config: readAggregatorConfig(configFile), clock: hurried(), log, version: "0" });
  let running: RunningAggregator | null = await begin();
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = null;
  };
  onTestFinished(stop);
  return {
    folder,
    configFile,
    url,
    databaseFile: join(folder, "state", "data.db"),
    controlKid,
    log,
    get running() {
      if (!running) throw new Error("the aggregator was stopped");
      return running;
    },
    async codeFor(site, ...more) {
      const { code, out, err } = await runCli(["aggregator", "enrol", site, "-c", configFile, ...more]);
      if (code !== 0) throw new Error(err);
      return out.split("\n")[0] ?? "";
    },
    configure: (more) => writeFileSync(configFile, stringify({ ...yaml, ...more })),
    async restart() {
      await stop();
      running = await begin();
    },
    stop,
  };
}
