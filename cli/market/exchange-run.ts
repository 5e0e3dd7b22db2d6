import { dirname, resolve } from "node:path";
import { crossCheckExchange, ExchangeFile, exchangeConfigFromYaml } from "../../market/desk/exchange-config.ts";
import { startExchange } from "../../market/desk/main.ts";
import { readConfigFile } from "../config-file.ts";
import { runDaemon } from "../daemon.ts";
import { programVersion } from "../program-version.ts";

/** `smart-mla market exchange run -c FILE` */
export async function exchangeRun(file: string, say: (line: string) => void): Promise<number> {
  const yaml = readConfigFile(file, ExchangeFile, crossCheckExchange);
  const config = exchangeConfigFromYaml(yaml, dirname(resolve(file)));
  return runDaemon({
    name: config.id,
    level: config.logLevel,
    ...(config.simulationClockUrl && { clockUrl: config.simulationClockUrl }),
    stateFolder: config.stateFolder,
    say,
    start: async ({ clock, log }) => {
      const { apiUrl, stop } = await startExchange({ config, clock, log, version: programVersion() });
      return { ready: { program: "exchange", apiUrl }, stop };
    },
  });
}
