import { importControlKey, publicJwk } from "../core/envelope.ts";
import { readJsonFile } from "../core/read-json-file.ts";
import { fleetSites, runFleet } from "../simulator/fleet/run-fleet.ts";
import { exitCode } from "./exit-code.ts";
import { stderrLog } from "./stderr-log.ts";
import { stopRequest } from "./stop-request.ts";
import { wholeNumber } from "./whole-number.ts";

interface FleetVerbOptions {
  homes: string;
  first: string;
  prefix: string;
  printSites?: boolean;
  url: string;
  aggregator?: string;
  key?: string;
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  username?: string;
  passwordFile?: string;
  every: string;
  seed: string;
  minutes: string;
}

/** `smart-mla simulate fleet` */
export async function simulateFleet(options: FleetVerbOptions, say: (line: string) => void): Promise<number> {
  const homes = wholeNumber("--homes", options.homes, { least: 1, most: 100_000 });
  const first = wholeNumber("--first", options.first);
  const sites = fleetSites({ prefix: options.prefix, first, homes });
  if (options.printSites) {
    say(["sites:", ...sites.map((site) => `  ${site}: {}`)].join("\n"));
    return exitCode.good;
  }
  const minutes = wholeNumber("--minutes", options.minutes, { most: 100_000 });
  const { key: keyFile, aggregator } = options;
  if (aggregator === undefined || keyFile === undefined) {
    process.stderr.write("--aggregator and --key are needed\n");
    return exitCode.usage;
  }
  // A private key signs and cannot verify.
  const key = await importControlKey(publicJwk(readJsonFile(keyFile, "control-key-unreadable")));
  const asked = stopRequest();
  await runFleet({
    aggregator,
    broker: {
      url: options.url,
      ...(options.caFile && { caFile: options.caFile }),
      ...(options.certFile && { certFile: options.certFile }),
      ...(options.keyFile && { keyFile: options.keyFile }),
      ...(options.username && { username: options.username }),
      ...(options.passwordFile && { passwordFile: options.passwordFile }),
    },
    keys: new Map([[key.kid, key.key]]),
    sites,
    seed: wholeNumber("--seed", options.seed),
    everyS: wholeNumber("--every", options.every, { least: 1, most: 3600 }),
    log: stderrLog("fleet"),
    signal: minutes === 0 ? asked : AbortSignal.any([asked, AbortSignal.timeout(minutes * 60_000 + 1000)]),
    say: (line) => say(JSON.stringify(line)),
  });
  return exitCode.good;
}
