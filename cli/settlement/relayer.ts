import { serve, type HttpBindings } from "@hono/node-server";
import { once } from "node:events";
import { AppError } from "../../core/app-error.ts";
import { aborted } from "../../core/aborted.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { keySender } from "../../settlement/chain/call-sender.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { chainProbe } from "../../settlement/chain/chain-probe.ts";
import { fileJournal } from "../../settlement/chain/file-journal.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";
import { exitCode } from "../exit-code.ts";
import { allowance } from "./relayer/allowance.ts";
import { headStore } from "./relayer/head-store.ts";
import { relayRoutes } from "./relayer/relay-routes.ts";
import { stderrLog } from "../stderr-log.ts";
import { stopRequest } from "../stop-request.ts";
import { wholeNumber } from "../whole-number.ts";

/** Options of `smart-mla settlement relayer`. */
export interface RelayerOptions {
  listen: string;
  rpc: string;
  chainId: string;
  contract: string;
  key: string;
  passphraseFile: string;
  perMinute: string;
  perDay: string;
  heads?: string;
}

/**
 * `smart-mla settlement relayer`: pays for the gas of calls that the parties of records have signed. Says
 * {"kind":"ready","port"} and ends when it is asked to.
 * @throws AppError relayer-bad-listen, settlement-bad-address, and of key files
 */
export async function settlementRelayer(
  options: RelayerOptions,
  say: (line: string) => void,
  signal: AbortSignal = stopRequest(),
): Promise<number> {
  const [, host = "", portText = ""] = /^\[?([^\]]+)\]?:(\d+)$/.exec(options.listen) ?? [];
  if (host === "")
    throw new AppError("relayer-bad-listen", `--listen ${options.listen} is not an address such as 127.0.0.1:8491`);
  const port = wholeNumber("--listen", portText, { most: 65_535 });
  if (!/^0x[0-9a-fA-F]{40}$/.test(options.contract))
    throw new AppError("settlement-bad-address", `--contract ${options.contract} is not an address of 0x and 40 hex digits`);
  const target = {
    rpcUrl: options.rpc,
    chainId: wholeNumber("--chain-id", options.chainId, { least: 1 }),
    contract: options.contract.toLowerCase(),
  };
  const limits = { perMinute: wholeNumber("--per-minute", options.perMinute), perDay: wholeNumber("--per-day", options.perDay) };
  const { privateKey, address } = await openKeystore(options.key, readPassphrase(options.passphraseFile));
  const log = stderrLog("relayer");
  const clock = realClock({ onError: (error) => log.error({ error: String(error) }, "timer failed") });
  const [chain, probe] = [chainClient(target), chainProbe(target)];
  const journal = fileJournal(`${options.key}.sent`);
  const sender = keySender({ ...target, privateKey }, { journal });
  const app = relayRoutes({
    chain,
    probe,
    sender,
    allowance: allowance(limits, { clock, file: `${options.key}.spent` }),
    heads: options.heads === undefined ? null : headStore(options.heads),
    callerOf: (_, env) => (env as HttpBindings).incoming.socket.remoteAddress ?? "",
    clock,
    log,
  });
  const server = serve({ fetch: app.fetch, hostname: host, port });
  try {
    await once(server, "listening");
    const at = server.address();
    log.info({ address: address.toLowerCase(), contract: target.contract, ...limits }, "relayer pays from this address");
    say(JSON.stringify({ kind: "ready", port: typeof at === "object" ? at?.port : port }));
    await aborted(signal);
    return exitCode.good;
  } finally {
    server.close();
    sender.close();
    probe.close();
    chain.close();
  }
}
