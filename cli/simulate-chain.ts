import { runChain } from "../simulator/chain/run-chain.ts";
import { exitCode } from "./exit-code.ts";
import { freePort } from "./free-port.ts";
import { stderrLog } from "./stderr-log.ts";
import { stopRequest } from "./stop-request.ts";
import { wholeNumber } from "./whole-number.ts";

/** `smart-mla simulate chain` */
export async function simulateChain(
  options: { clock: string; state: string; port: string },
  say: (line: string) => void,
): Promise<number> {
  const port = wholeNumber("--port", options.port, { most: 65_535 }) || (await freePort());
  await runChain({
    port,
    stateFile: options.state,
    clockUrl: options.clock,
    log: stderrLog("chain"),
    signal: stopRequest(),
    say,
  });
  return exitCode.good;
}
