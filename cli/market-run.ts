import { dirname, resolve } from "node:path";
import { crossCheckMarket, marketConfigFromYaml } from "../market/config/market-config.ts";
import { MarketYaml } from "../market/config/schema.ts";
import { startMarket } from "../market/main.ts";
import { readConfigFile } from "./config-file.ts";
import { runDaemon } from "./daemon.ts";

/** `smart-mla market run -c FILE` */
export async function marketRun(file: string, say: (line: string) => void): Promise<number> {
  const config = marketConfigFromYaml(readConfigFile(file, MarketYaml, crossCheckMarket), dirname(resolve(file)));
  return runDaemon({
    name: config.domain,
    level: config.logLevel,
    ...(config.simulationClockUrl && { clockUrl: config.simulationClockUrl }),
    stateFolder: config.stateFolder,
    say,
    start: async ({ clock, log }) => {
      const market = await startMarket({ config, clock, log });
      return { ready: { program: "market", domain: config.domain, port: market.port }, stop: market.stop };
    },
  });
}
