import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

/** Chain id of every node started here. */
export const anvilChainId = 31_337;

/** Private keys of the first three accounts that anvil gives ether to; the same on every machine, worth nothing. */
export const anvilKeys = [
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
  "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
] as const;

/** A running node. */
export interface Anvil {
  url: string;
  stop(): Promise<void>;
}

/** The native binary; npm installs the one package that fits the machine. */
function anvilBinary(): string {
  const fromAnvil = createRequire(createRequire(import.meta.url).resolve("@foundry-rs/anvil/package.json"));
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  return join(dirname(fromAnvil.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/package.json`)), "bin", "anvil");
}

/**
 * Starts a development chain on a free loopback port; each transaction is mined at once.
 * @param options.timestamp unix seconds of the first block; time then runs on as on the wall
 * @param options.port of a node that ran before; its state needs `--state` among the arguments
 */
export async function startAnvil(options: { timestamp?: number; port?: number; args?: string[] } = {}): Promise<Anvil> {
  const { port = 0, args: more = [] } = options;
  const args = ["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(anvilChainId), ...more];
  if (options.timestamp !== undefined) args.push("--timestamp", String(options.timestamp));
  const child = spawn(anvilBinary(), args, { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  let complaint = "";
  child.stderr.on("data", (bytes) => (complaint += String(bytes)));
  const listening = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const [, address] = /^Listening on (\S+)/.exec(line) ?? [];
      if (address) resolve(`http://${address}`);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`anvil ended with ${code}: ${complaint}`)));
  });
  return {
    url: await listening,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
