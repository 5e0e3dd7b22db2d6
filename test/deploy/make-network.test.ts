import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeRlp, SigningKey, Wallet } from "ethers";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { addressOf, extraDataOf } from "../../deploy/chain/network-files.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { deployDevEuro, deploySettlement } from "../../settlement/chain/deploy.ts";
import { deterministicDeployer } from "../../settlement/chain/deterministic-deployer.ts";
import { signPossession } from "../../settlement/record/typed-calls.ts";
import { anvilChainId, startAnvil } from "../fake/anvil.ts";
import { scratch } from "../fake/scratch.ts";

const script = join(import.meta.dirname, "../../deploy/chain/make-network.ts");
const make = (...args: string[]): string =>
  execFileSync(process.execPath, [script, ...args], { encoding: "utf8", stdio: "pipe" });

function network(...args: string[]) {
  const folder = join(scratch("chain"), "net");
  const said = make("--out", folder, ...args);
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  return { folder, said, read };
}
const four = ["node-1", "node-2", "node-3", "node-4"];

const Quantity = z.string().regex(/^0x[0-9a-f]+$/);
const Genesis = z.strictObject({
  config: z.strictObject({
    chainId: z.int().positive(),
    londonBlock: z.literal(0),
    shanghaiTime: z.literal(0),
    cancunTime: z.literal(0),
    zeroBaseFee: z.literal(true),
    qbft: z.strictObject({
      blockperiodseconds: z.int().positive(),
      emptyblockperiodseconds: z.int().positive(),
      epochlength: z.int().positive(),
      requesttimeoutseconds: z.int().positive(),
    }),
  }),
  nonce: Quantity,
  timestamp: Quantity,
  extraData: Quantity,
  gasLimit: Quantity,
  difficulty: z.literal("0x1"),
  mixHash: z.literal(`0x${Buffer.from("ctical byzantine fault tolerance").toString("hex")}`),
  coinbase: z.string().length(42),
  alloc: z.record(z.string().regex(/^[0-9a-f]{40}$/), z.strictObject({ balance: Quantity, nonce: Quantity, code: Quantity })),
});

// besu.hyperledger.org, Configure QBFT consensus.
it.each([
  [
    "in a genesis file",
    [
      "0x64a702e6263b7297a96638cac6ae65e6541f4169",
      "0x3923390ad55e90c237593b3b0e401f3b08a03185",
      "0xaefdb9a738c9f433e5b6b212a6d62f6370c2f692",
      "0xc7eeb9a4e00ce683cf93039b212648e01c6c6b78",
    ],
    "0xf87aa00000000000000000000000000000000000000000000000000000000000000000f8549464a702e6263b7297a96638cac6ae65e6541f4169943923390ad55e90c237593b3b0e401f3b08a0318594aefdb9a738c9f433e5b6b212a6d62f6370c2f69294c7eeb9a4e00ce683cf93039b212648e01c6c6b78c080c0",
  ],
  ["where a contract selects them", [], "0xe5a00000000000000000000000000000000000000000000000000000000000000000c0c080c0"],
  [
    "by besu rlp encode",
    [
      "0x4592c8e45706cc08b8f44b11e43cba0cfc5892cb",
      "0x06e23768a0f59cf365e18c2e0c89e151bcdedc70",
      "0xc5327f96ee02d7bcbc1bf1236b8c15148971e1de",
      "0xab5e7f4061c605820d3744227eed91ff8e2c8908",
    ],
    "0xf87aa00000000000000000000000000000000000000000000000000000000000000000f854944592c8e45706cc08b8f44b11e43cba0cfc5892cb9406e23768a0f59cf365e18c2e0c89e151bcdedc7094c5327f96ee02d7bcbc1bf1236b8c15148971e1de94ab5e7f4061c605820d3744227eed91ff8e2c8908c080c0",
  ],
])("encodes validators as the documentation of Besu does %s", (_, validators, documented) => {
  expect(extraDataOf(validators)).toBe(documented);
});

it("makes a genesis in which the four keys are the validators, gas is free and the deployer is there", () => {
  const { read, said } = network("--chain-id", "4711", "--block-seconds", "3");
  const genesis = Genesis.parse(JSON.parse(read("node-1/genesis.json")));
  expect(genesis.config).toMatchObject({ chainId: 4711, qbft: { blockperiodseconds: 3, requesttimeoutseconds: 6 } });
  const addresses = four.map((node) => read(`${node}/address`).trim());
  for (const [index, node] of four.entries()) {
    expect(addressOf(`0x${read(`${node}/key`).trim()}`)).toBe(addresses[index]);
    expect(said).toContain(addresses[index]);
    expect(read(`${node}/genesis.json`)).toBe(read("node-1/genesis.json"));
  }
  expect(decodeRlp(genesis.extraData)).toEqual([`0x${"00".repeat(32)}`, addresses.toSorted(), [], "0x", []]);
  expect(genesis.alloc).toEqual({
    [deterministicDeployer.address.slice(2)]: { balance: "0x0", nonce: "0x1", code: deterministicDeployer.code },
  });
});

it("lets every node know the other three, and none of them a price", () => {
  const hosts = ["10.0.0.1", "10.0.1.2", "10.0.2.3", "10.0.3.4"];
  const { read } = network("--hosts", hosts.join(","));
  const enode = (index: number): string => {
    const { publicKey } = new SigningKey(`0x${read(`${four[index]}/key`).trim()}`);
    return `enode://${publicKey.slice(4)}@${hosts[index]}:30303`;
  };
  for (const [index, node] of four.entries()) {
    const others = [0, 1, 2, 3].filter((other) => other !== index).map(enode);
    expect(JSON.parse(read(`${node}/static-nodes.json`))).toEqual(others);
    const toml = read(`${node}/besu.toml`);
    expect(toml).toMatch(/^min-gas-price=0$/m);
    expect(toml).toContain(`p2p-host="${hosts[index]}"`);
    for (const line of toml.split("\n").filter((one) => one !== "" && !one.startsWith("#")))
      expect(line).toMatch(/^[a-z0-9-]+=("[^"]*"|\d+|true|false|\["[A-Z0-9",]+"\])$/);
    expect(read(`${node}/besu.service`)).toContain("--profile=ENTERPRISE --config-file=/etc/besu/besu.toml");
  }
});

it("makes a compose file that gives each node its files, its address and a port on loopback", () => {
  const { read } = network();
  const Compose = z.object({
    services: z.record(
      z.string(),
      z.object({
        image: z.string(),
        command: z.string(),
        volumes: z.array(z.string()),
        ports: z.array(z.string().startsWith("127.0.0.1:")),
        networks: z.object({ chain: z.object({ ipv4_address: z.ipv4() }) }),
      }),
    ),
    volumes: z.record(z.string(), z.null()),
    networks: z.object({ chain: z.object({ ipam: z.object({ config: z.array(z.object({ subnet: z.string() })) }) }) }),
  });
  const { services, volumes, networks } = Compose.parse(parse(read("compose.yaml")));
  expect(Object.keys(services)).toEqual(four);
  expect(Object.keys(volumes)).toEqual(four);
  expect(networks.chain.ipam.config).toEqual([{ subnet: "172.29.7.0/24" }]);
  for (const [index, node] of four.entries()) {
    expect(services[node]?.command).toBe("--profile=ENTERPRISE --config-file=/etc/besu/besu.toml --rpc-http-host=0.0.0.0");
    expect(services[node]?.volumes).toEqual([`./${node}:/etc/besu:ro`, `${node}:/var/lib/besu`]);
    expect(read(`${node}/besu.toml`)).toContain(`p2p-host="${services[node]?.networks.chain.ipv4_address}"`);
    expect(services[node]?.ports).toEqual([`127.0.0.1:${8545 + index}:8545`]);
  }
});

it("keeps keys to their owner, and never replaces any", () => {
  const { folder } = network();
  for (const node of four) expect(statSync(join(folder, node, "key")).mode & 0o777).toBe(0o600);
  const before = four.map((node) => readFileSync(join(folder, node, "key"), "utf8"));
  expect(new Set(before).size).toBe(4);
  expect(() => make("--out", folder)).toThrow(/is not empty/);
  expect(four.map((node) => readFileSync(join(folder, node, "key"), "utf8"))).toEqual(before);
});

it.each([
  ["no folder", []],
  ["three nodes", ["--hosts", "10.0.0.1,10.0.0.2,10.0.0.3"]],
  ["one address twice", ["--hosts", "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.3"]],
  ["a name for an address", ["--hosts", "10.0.0.1,10.0.0.2,10.0.0.3,localhost"]],
  ["a chain id that is none", ["--chain-id", "0"]],
  ["an unknown option", ["--validators", "4"]],
])("refuses %s", (what, args) => {
  const folder = join(scratch("chain"), "net");
  expect(() => make(...(what === "no folder" ? [] : ["--out", folder]), ...args)).toThrow(/usage:/);
  expect(() => readdirSync(folder)).toThrow(/ENOENT/);
});

// Besu itself is not among the development tools; the same genesis, rules and prices are tried on another EVM.
it("has a genesis from which the settlement contract works with keys that own no coins", async () => {
  const { read } = network("--chain-id", String(anvilChainId));
  const file = join(scratch("genesis"), "genesis.json");
  writeFileSync(file, read("node-1/genesis.json"));
  const free = ["--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee", "--disable-default-create2-deployer"];
  const anvil = await startAnvil({ args: ["--init", file, "--hardfork", "cancun", ...free] });
  const [deployer, registrar, signer] = [Wallet.createRandom(), Wallet.createRandom(), Wallet.createRandom()];
  const chain = { rpcUrl: anvil.url, chainId: anvilChainId, pollMs: 5, privateKey: deployer.privateKey };
  const token = await deployDevEuro(chain, 1_000_000n);
  const contract = await deploySettlement(chain, { token, registrar: registrar.address });
  const client = chainClient({ ...chain, contract, privateKey: registrar.privateKey });
  const owner = Wallet.createRandom().address.toLowerCase();
  const proof = await signPossession(signer, { chainId: anvilChainId, contract }, owner);
  expect(await client.register(owner, signer.address.toLowerCase(), proof)).toMatchObject({ feeWei: 0n });
  expect((await client.partyOf(owner)).signer).toBe(signer.address.toLowerCase());
  client.close();
  await anvil.stop();
});
