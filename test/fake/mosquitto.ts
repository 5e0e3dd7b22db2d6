import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { freePort } from "../../cli/free-port.ts";
import { type Certificate, certificateAuthority, type CertificateAuthority } from "./certificates.ts";
import { until } from "./until.ts";

/** A real Mosquitto with the project's own configuration, in a folder of its own. */
export interface Mosquitto {
  port: number;
  url: string;
  authority: CertificateAuthority;
  /** The list of revoked certificates that it reads, where it was started with one. */
  crlFile: string;
  /** Ends it and starts it again, with its files read anew and its retained messages kept. */
  restart(): Promise<void>;
  /** The certificate of a gateway or of the aggregator; the common name is the user. */
  certificateOf(user: string): Certificate;
  /** A connected client with that user's certificate. */
  clientOf(user: string, options?: { clientId?: string; clean?: boolean }): Promise<MqttClient>;
  log(): string;
  pid(): number;
  /** SIGKILL: what it had not written to its disk is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port with what is on its disk. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const deployed = join(import.meta.dirname, "../../deploy/mosquitto");
const deployedFolder = "/etc/mosquitto/smart-mla/";

/** As Debian's own main file, which includes ours. */
const mainFile = (folder: string, more: readonly string[]): string =>
  [
    `persistence true`,
    `persistence_location ${folder}/data/`,
    `log_dest stderr`,
    `include_dir ${folder}/conf.d`,
    ...more,
    "",
  ].join("\n");

/**
 * @param peers paths of mosquitto and openssl, from peer()
 * @param options.crl the list of revoked certificates to start with; without it none is looked at
 * @param options.more lines of its main file, in the place of ours where they name the same
 */
export async function startMosquitto(
  peers: { mosquitto: string; openssl: string },
  { crl, more = [] }: { crl?: (authority: CertificateAuthority) => Promise<string>; more?: readonly string[] } = {},
): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-mosquitto-"));
  for (const name of ["conf.d", "data", "tls"]) mkdirSync(join(folder, name));
  const tls = join(folder, "tls");
  const authority = certificateAuthority(peers.openssl, tls);
  const broker = authority.issue("broker", ["IP:127.0.0.1", "DNS:localhost"]);
  copyFileSync(broker.certFile, join(tls, "broker.crt"));
  copyFileSync(broker.keyFile, join(tls, "broker.key"));
  copyFileSync(join(deployed, "acl"), join(tls, "acl"));
  const port = await freePort();
  const config = readFileSync(join(deployed, "smart-mla.conf"), "utf8")
    .replaceAll(deployedFolder, `${tls}/`)
    .replace(/^# crlfile /m, crl ? "crlfile " : "# crlfile ")
    .replace(/^listener 8883$/m, `listener ${port} 127.0.0.1`);
  const crlFile = join(tls, "crl.pem");
  if (crl) writeFileSync(crlFile, await crl(authority));
  writeFileSync(join(folder, "conf.d", "smart-mla.conf"), config);
  writeFileSync(join(folder, "mosquitto.conf"), mainFile(folder, more));
  // Started by root it becomes its own user, as the system's service does, and reads the files as that user.
  if (process.getuid?.() === 0) execFileSync("chown", ["-R", "mosquitto:", folder]);
  let log = "";
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  const start = async (): Promise<void> => {
    const started = spawn(peers.mosquitto, ["-c", join(folder, "mosquitto.conf")], { stdio: ["ignore", "ignore", "pipe"] });
    child = started;
    started.stderr.on("data", (bytes: Buffer) => (log += bytes.toString("utf8")));
    ended = new Promise<void>((resolve) => started.once("close", () => resolve()));
    await until(`mosquitto listens on ${port}`, () => {
      if (started.exitCode !== null) throw new Error(`mosquitto ended with ${started.exitCode}: ${log}`);
      return answers(port);
    });
  };
  await start();
  const issued = new Map<string, Certificate>();
  const certificateOf = (user: string): Certificate => {
    const found = issued.get(user) ?? authority.issue(user);
    issued.set(user, found);
    return found;
  };
  const url = `mqtts://127.0.0.1:${port}`;
  return {
    port,
    url,
    authority,
    crlFile,
    async restart() {
      child?.kill("SIGTERM");
      await ended;
      await start();
    },
    certificateOf,
    clientOf: (user, { clientId = `test-${user}`, clean = true } = {}) => {
      const { certFile, keyFile } = certificateOf(user);
      const [ca, cert, key] = [authority.caFile, certFile, keyFile].map((file) => readFileSync(file));
      return mqtt.connectAsync(
        url,
        { clientId, clean, protocolVersion: 4, reconnectPeriod: 0, ...(ca && cert && key && { ca, cert, key }) },
        false,
      );
    },
    log: () => log,
    pid: () => child?.pid ?? 0,
    async kill() {
      child?.kill("SIGKILL");
      await ended;
    },
    start,
    async stop() {
      child?.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
