import { SigningKey } from "ethers/crypto";
import { computeAddress } from "ethers/transaction";
import { encodeRlp } from "ethers/utils";
import { deterministicDeployer } from "../../settlement/chain/deterministic-deployer.ts";

/** What a network is made of. */
export interface NetworkPlan {
  chainId: number;
  /** Unix seconds of the genesis block. */
  timestamp: number;
  /** Seconds between blocks that have transactions. */
  blockSeconds: number;
  /** IP address and key of each validator; the key as 0x and 64 hex digits. */
  nodes: readonly { host: string; privateKey: string }[];
}

/** Port of the nodes' own conversation, and of JSON-RPC. */
const ports = { p2p: 30_303, rpc: 8545 } as const;
/** Known to take the options below; needs Java 25 where it is not run as a container. */
const image = "hyperledger/besu:26.8.0";
/** Where each node has its files, in the container and under systemd. */
const place = { config: "/etc/besu", data: "/var/lib/besu" } as const;

/** Files by their path below the network's folder; keys are for mode 0600. */
export function networkFiles(plan: NetworkPlan): Map<string, { content: string; secret: boolean }> {
  const files = new Map<string, { content: string; secret: boolean }>();
  const add = (path: string, content: string, secret = false): void => void files.set(path, { content, secret });
  const genesis = `${JSON.stringify(genesisOf(plan), null, 2)}\n`;
  const enodes = plan.nodes.map(enodeOf);
  for (const [index, { privateKey }] of plan.nodes.entries()) {
    const folder = `node-${index + 1}`;
    add(`${folder}/key`, `${privateKey.slice(2)}\n`, true);
    add(`${folder}/address`, `${addressOf(privateKey)}\n`);
    add(`${folder}/genesis.json`, genesis);
    // Every other one: a node does not call itself.
    add(
      `${folder}/static-nodes.json`,
      `${JSON.stringify(
        enodes.filter((_, other) => other !== index),
        null,
        2,
      )}\n`,
    );
    add(`${folder}/besu.toml`, besuToml(plan.nodes[index]?.host ?? ""));
    add(`${folder}/besu.service`, besuService());
  }
  add("compose.yaml", compose(plan));
  return files;
}

/** Lower-case address of a validator. */
export function addressOf(privateKey: string): string {
  return computeAddress(privateKey).toLowerCase();
}

/** The first validators in QBFT's extra data: vanity, validators, no vote, round 0, no seals. */
export function extraDataOf(validators: readonly string[]): string {
  const vanity = `0x${"00".repeat(32)}`;
  return encodeRlp([vanity, [...validators], [], "0x", []]);
}

function enodeOf({ host, privateKey }: NetworkPlan["nodes"][number]): string {
  // Without the 04 that says that it is uncompressed.
  return `enode://${new SigningKey(privateKey).publicKey.slice(4)}@${host}:${ports.p2p}`;
}

/** Cancun from the first block, as the contract's bytecode needs it; gas costs nothing. */
function genesisOf({ chainId, timestamp, blockSeconds, nodes }: NetworkPlan) {
  const { address, code } = deterministicDeployer;
  return {
    config: {
      chainId,
      londonBlock: 0,
      shanghaiTime: 0,
      cancunTime: 0,
      zeroBaseFee: true,
      qbft: {
        blockperiodseconds: blockSeconds,
        emptyblockperiodseconds: 60,
        epochlength: 30_000,
        requesttimeoutseconds: blockSeconds * 2,
      },
    },
    nonce: "0x0",
    timestamp: `0x${timestamp.toString(16)}`,
    extraData: extraDataOf(nodes.map(({ privateKey }) => addressOf(privateKey)).toSorted()),
    gasLimit: "0x5f5e100",
    difficulty: "0x1",
    // How QBFT marks its blocks.
    mixHash: "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365",
    coinbase: `0x${"0".repeat(40)}`,
    // Its own transaction would need coins, which nobody has here.
    alloc: { [address.slice(2)]: { balance: "0x0", nonce: "0x1", code } },
  };
}

/** One node with a price above zero would silently drop transactions, so all have the same. */
function besuToml(host: string): string {
  return `# A validator of a QBFT network on which gas costs nothing.
genesis-file="${place.config}/genesis.json"
node-private-key-file="${place.config}/key"
static-nodes-file="${place.config}/static-nodes.json"
data-path="${place.data}"
sync-mode="FULL"
min-gas-price=0

discovery-enabled=false
p2p-host="${host}"
p2p-port=${ports.p2p}

# Whoever can speak to this port can send. Put a proxy before it for other machines.
rpc-http-enabled=true
rpc-http-host="127.0.0.1"
rpc-http-port=${ports.rpc}
rpc-http-api=["ETH","NET","WEB3","QBFT"]
`;
}

function besuService(): string {
  return `[Unit]
Description=Besu: validator of the private settlement chain
Wants=network-online.target
After=network-online.target

[Service]
User=besu
Group=besu
ExecStart=/opt/besu/bin/besu --profile=ENTERPRISE --config-file=${place.config}/besu.toml
Restart=always
RestartSec=5
StateDirectory=besu
StateDirectoryMode=0700
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
`;
}

/** All nodes on one machine, to try it out: they tolerate no fault of that machine. */
function compose({ nodes }: NetworkPlan): string {
  const services = nodes.map(({ host }, index) => {
    const name = `node-${index + 1}`;
    return `  ${name}:
    image: ${image}
    command: --profile=ENTERPRISE --config-file=${place.config}/besu.toml --rpc-http-host=0.0.0.0
    restart: unless-stopped
    volumes:
      - ./${name}:${place.config}:ro
      - ${name}:${place.data}
    ports:
      - "127.0.0.1:${ports.rpc + index}:${ports.rpc}"
    networks:
      chain:
        ipv4_address: ${host}
`;
  });
  const subnet = `${(nodes[0]?.host ?? "").split(".").slice(0, 3).join(".")}.0/24`;
  const volumes = nodes.map((_, index) => `  node-${index + 1}:\n`);
  return `services:\n${services.join("")}volumes:\n${volumes.join("")}networks:\n  chain:\n    ipam:\n      config:\n        - subnet: ${subnet}\n`;
}
