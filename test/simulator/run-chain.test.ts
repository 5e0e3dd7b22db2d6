import { mkdtempSync, rmSync, existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../core/app-error.ts";
import { anvilBinary } from "../../simulator/chain/anvil-binary.ts";
import { jsonRpc } from "../../simulator/chain/json-rpc.ts";
import { runChain } from "../../simulator/chain/run-chain.ts";
import { type ClockServer, startClockServer } from "../../simulator/clock/clock-server.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";

const startMs = Date.parse("2026-01-14T17:00:00Z");

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "smart-mla-chain-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function chain(clock: ClockServer, stateFile: string) {
  const port = await freePort();
  const stopping = new AbortController();
  const said: string[] = [];
  const log = silentLog();
  const running = runChain({
    port,
    stateFile,
    clockUrl: clock.url,
    log,
    signal: stopping.signal,
    say: (line) => said.push(line),
  });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  running.catch(() => undefined);
  onTestFinished(() => stop().catch(() => undefined));
  await until("the chain is ready", () => said.length > 0, 20_000);
  expect(JSON.parse(said[0] ?? "")).toEqual({ kind: "ready", port });
  const ask = (method: string, ...params: unknown[]) =>
    jsonRpc(`http://127.0.0.1:${port}`, method, params, AbortSignal.timeout(10_000));
  const blockMs = async (block = "latest"): Promise<number> =>
    Number(((await ask("eth_getBlockByNumber", block, false)) as { timestamp: string }).timestamp) * 1000;
  return { ask, blockMs, stop, running, log };
}

it("lets block time follow simulated time, keeps the chain over a restart and ends its anvil", { timeout: 60_000 }, async () => {
  const clock = await startClockServer({ startMs, stepMs: 10_000 });
  onTestFinished(() => clock.close());
  const stateFile = join(folder(), "chain.json");
  const first = await chain(clock, stateFile);
  expect(await first.ask("eth_chainId")).toBe("0x7a69");
  expect(await first.blockMs("0x0")).toBeLessThanOrEqual(startMs);
  await clock.advanceUntil(startMs + 3_600_000);
  const behindMs = startMs + 3_600_000 - (await first.blockMs());
  expect(behindMs).toBeGreaterThanOrEqual(-60_000);
  expect(behindMs).toBeLessThanOrEqual(300_000);
  const number = Number(await first.ask("eth_blockNumber"));
  await first.stop();
  expect(existsSync(stateFile)).toBe(true);
  await expect(first.ask("eth_chainId")).rejects.toThrow("no answer");
  expect(first.log.lines).toEqual([]);

  const second = await chain(clock, stateFile);
  expect(Number(await second.ask("eth_blockNumber"))).toBeGreaterThanOrEqual(number);
  await clock.advanceUntil(startMs + 2 * 3_600_000);
  expect(Math.abs(startMs + 2 * 3_600_000 - (await second.blockMs()))).toBeLessThanOrEqual(300_000);
});

it("never moves block time back, and goes on when simulated time has caught up", { timeout: 60_000 }, async () => {
  const clock = await startClockServer({ startMs, stepMs: 10_000 });
  onTestFinished(() => clock.close());
  const { ask, blockMs, log } = await chain(clock, join(folder(), "chain.json"));
  const aheadS = startMs / 1000 + 1000;
  await ask("evm_setNextBlockTimestamp", aheadS);
  await ask("evm_mine");
  await clock.advanceUntil(startMs + 600_000);
  expect(await blockMs()).toBe(aheadS * 1000);
  await clock.advanceUntil(startMs + 1_800_000);
  expect(await blockMs()).toBeGreaterThanOrEqual(startMs + 1_500_000);
  expect(log.lines).toEqual([]);
});

it("fails when anvil ends by itself", { timeout: 30_000 }, async () => {
  const clock = await startClockServer({ startMs, stepMs: 10_000 });
  onTestFinished(() => clock.close());
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void blocker.close());
  const running = runChain({
    port: (blocker.address() as AddressInfo).port,
    stateFile: join(folder(), "chain.json"),
    clockUrl: clock.url,
    log: silentLog(),
    signal: AbortSignal.timeout(20_000),
    say: () => undefined,
  });
  expect(await running.then(() => "ended", errorCode)).toBe("chain-died");
});

it("says what is missing on a machine without anvil", () => {
  expect(() => anvilBinary("plan9", "mips")).toThrow("@foundry-rs/anvil-plan9-mips/bin/anvil is not installed");
});
