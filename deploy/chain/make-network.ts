import { randomBytes, randomInt } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { addressOf, networkFiles } from "./network-files.ts";

/**
 * `node deploy/chain/make-network.ts --out DIR [--hosts A,B,C,D] [--chain-id N] [--block-seconds 2]`: writes all files of a
 * private chain with four validators (Besu, QBFT) on which gas costs nothing: keys, genesis, static nodes, configuration, a
 * systemd unit for each node, and a compose file for all on one machine. Writes into a new or empty folder only: keys that
 * are there are never replaced. docs/how-to/run-a-private-chain.md goes on from here.
 */

const usage =
  "usage: node deploy/chain/make-network.ts --out DIR [--hosts A,B,C,D] [--chain-id N] [--block-seconds 2]; DIR new or empty, at least four different IPv4 addresses";

function fail(why: string): never {
  process.stderr.write(`${why}\n${usage}\n`);
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      options: {
        out: { type: "string" },
        hosts: { type: "string", default: "172.29.7.11,172.29.7.12,172.29.7.13,172.29.7.14" },
        "chain-id": { type: "string", default: String(randomInt(100_000, 2 ** 31)) },
        "block-seconds": { type: "string", default: "2" },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const { out, hosts, "chain-id": chainId, "block-seconds": blockSeconds } = options();
if (out === undefined) fail("--out is missing");
if (existsSync(out) && readdirSync(out).length > 0) fail(`${out} is not empty`);
const addresses = hosts.split(",");
// Three validators could not agree without one of them: four is the least that tolerates a fault.
if (addresses.length < 4 || new Set(addresses).size < addresses.length || !addresses.every((host) => isIPv4(host)))
  fail(`--hosts ${hosts} is wrong`);
if (!/^[1-9]\d{0,14}$/.test(chainId)) fail(`--chain-id ${chainId} is wrong`);
if (!/^[1-9]\d{0,2}$/.test(blockSeconds)) fail(`--block-seconds ${blockSeconds} is wrong`);

const nodes = addresses.map((host) => ({ host, privateKey: `0x${randomBytes(32).toString("hex")}` }));
const files = networkFiles({
  chainId: Number(chainId),
  timestamp: Math.floor(Date.now() / 1000),
  blockSeconds: Number(blockSeconds),
  nodes,
});
for (const [path, { content, secret }] of files) {
  mkdirSync(dirname(join(out, path)), { recursive: true, mode: 0o700 });
  writeFileSync(join(out, path), content, { mode: secret ? 0o600 : 0o644, flag: "wx" });
}
process.stdout.write(`chain ${chainId} in ${out}\n`);
for (const [index, { host, privateKey }] of nodes.entries())
  process.stdout.write(`node-${index + 1}  ${host}  ${addressOf(privateKey)}\n`);
