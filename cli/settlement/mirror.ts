import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { aborted } from "../../core/aborted.ts";
import { AppError } from "../../core/app-error.ts";
import { openChainView } from "../../settlement/audit/chain-view.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { mirrorApp } from "../../settlement/log/mirror-app.ts";
import { epochIndex } from "../../settlement/log/wanted-epoch.ts";
import { contractOption } from "./contract-option.ts";
import { exitCode } from "../exit-code.ts";
import { stderrLog } from "../stderr-log.ts";
import { stopRequest } from "../stop-request.ts";
import { wholeNumber } from "../whole-number.ts";

/**
 * `smart-mla settlement mirror`: serves until it is told to stop. Says `{"kind":"ready","url":…}` once it listens.
 * @throws AppError usage-bad-address, settlement-bad-address, mirror-cannot-listen, those of the chain
 */
export async function settlementMirror(
  options: { rpc: string; contract: string; fromBlock: string; listen: string; folder: string },
  say: (line: string) => void,
): Promise<number> {
  const contract = contractOption(options.contract);
  const [, hostname = "", portText = ""] = /^(.+):(\d+)$/.exec(options.listen) ?? [];
  if (hostname === "") throw new AppError("usage-bad-address", `--listen must be HOST:PORT, not "${options.listen}"`);
  const port = wholeNumber("the port of --listen", portText, { most: 65_535 });
  const stop = stopRequest();
  mkdirSync(options.folder, { recursive: true });
  const fromBlock = wholeNumber("--from-block", options.fromBlock);
  const view = await openChainView(options.rpc, contract);
  const chain = chainClient({ rpcUrl: options.rpc, ...view.domain });
  const app = mirrorApp({
    folder: options.folder,
    chain,
    epochs: epochIndex(view, fromBlock),
    log: stderrLog("mirror"),
  });
  const server = serve({ fetch: app.fetch, hostname, port });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("listening", resolve);
      server.once("error", (cause) =>
        reject(new AppError("mirror-cannot-listen", `cannot listen on ${options.listen}: ${cause.message}`, { cause })),
      );
    });
    const { port: bound } = server.address() as AddressInfo;
    say(JSON.stringify({ kind: "ready", program: "mirror", url: `http://${hostname}:${bound}`, ...view.domain }));
    await aborted(stop);
  } finally {
    chain.close();
    view.close();
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  }
  return exitCode.good;
}
