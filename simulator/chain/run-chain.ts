import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { aborted } from "../../core/aborted.ts";
import { AppError } from "../../core/app-error.ts";
import { simulatedClock } from "../../core/clock/simulated-clock.ts";
import type { Log } from "../../core/log.ts";
import { anvilBinary } from "./anvil-binary.ts";
import { jsonRpc } from "./json-rpc.ts";

/** Chain id of every development chain. */
export const devChainId = 31_337;
/** Simulated time between two moves of the chain's clock. */
const followMs = 300_000;
/** Wall time that anvil gets to answer at start, and to write its state at the end. */
const patienceMs = 15_000;

/**
 * A development chain (anvil, id 31337) on loopback until the signal aborts. Block time follows simulated time: every
 * five simulated minutes an empty block takes it on, never back. Says {"kind":"ready","port"}.
 * @param options.stateFile where anvil keeps the chain over a restart; written each second
 * @throws AppError chain-died when anvil ends by itself, chain-no-anvil, chain-unreachable
 */
export async function runChain(options: {
  port: number;
  stateFile: string;
  clockUrl: string;
  log: Log;
  signal: AbortSignal;
  say: (line: string) => void;
  /** Name at the clock server. */
  name?: string;
}): Promise<void> {
  const { port, log, signal, say } = options;
  const stopping = new AbortController();
  const either = AbortSignal.any([signal, stopping.signal]);
  const onError = (error: unknown): void => log.warn({ error: String(error) }, "chain's clock not moved");
  const clock = await simulatedClock({ clockUrl: options.clockUrl, name: options.name ?? "chain", onError, signal: either });
  if (signal.aborted) return;
  const nowS = (): number => Math.floor(clock.now() / 1000);
  const anvil = spawn(
    anvilBinary(),
    `--host 127.0.0.1 --chain-id ${devChainId} --silent --state-interval 1`
      .split(" ")
      .concat(["--port", String(port), "--state", options.stateFile, "--timestamp", String(nowS())]),
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  // However this process ends, such as for want of anybody who reads what it says: anvil must not stay behind.
  const takeAlong = (): void => void anvil.kill("SIGKILL");
  process.once("exit", takeAlong);
  let said = "";
  anvil.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2_000)));
  const ended = once(anvil, "exit").catch((error: unknown) => [String(error), null]);
  const died = ended.then(([code, by]): never => {
    throw new AppError("chain-died", `anvil ended by itself (${String(code ?? by)}): ${said.trim() || "it said nothing"}`);
  });
  died.catch(() => undefined);
  const stopped = aborted(signal);
  const url = `http://127.0.0.1:${port}`;
  const follow = async (): Promise<void> => {
    try {
      await jsonRpc(url, "evm_setNextBlockTimestamp", [nowS()], either);
      await jsonRpc(url, "evm_mine", [], either);
    } catch (error) {
      // Refused: the chain is ahead already, as after many transactions in one step. It waits for time to catch up.
      if (!either.aborted && !(error instanceof AppError && error.code === "chain-refused")) throw error;
    }
  };
  try {
    await Promise.race([ready(url, either), died, stopped]);
    if (signal.aborted) return;
    await Promise.race([follow(), died]);
    clock.every(followMs, follow, either);
    say(JSON.stringify({ kind: "ready", port }));
    await Promise.race([died, stopped]);
  } finally {
    stopping.abort();
    anvil.kill("SIGTERM");
    await Promise.race([ended, delay(patienceMs, undefined, { ref: false })]);
    anvil.kill("SIGKILL");
    process.off("exit", takeAlong);
  }
}

async function ready(url: string, signal: AbortSignal): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      await jsonRpc(url, "eth_chainId", [], signal);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (performance.now() > end) throw error;
      await delay(50);
    }
  }
}
