import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../agent/store/open-database.ts";
import { openOutbox } from "../../agent/store/outbox.ts";
import { meterStore } from "../../agent/store/meter-store.ts";
import { checkAgent } from "../../cli/doctor/check-agent.ts";
import { checkClock } from "../../cli/doctor/check-clock.ts";
import type { Finding } from "../../cli/doctor/finding.ts";
import { createControlKey } from "../../core/envelope.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { certificateAuthority } from "../fake/certificates.ts";
import { peer } from "../fake/peer.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { gatewayYaml, writeGateway } from "./gateway-files.ts";
import { cliOf } from "./house-config.ts";

const { publicJwk } = await createControlKey("control-1");

async function findings(
  ask: (...args: string[]) => ReturnType<typeof runCli>,
): Promise<{ code: number | null; found: Finding[] }> {
  const { code, out } = await ask("doctor", "--json");
  return { code, found: (JSON.parse(out) as { findings: Finding[] }).findings };
}
const of = (found: readonly Finding[], check: string): Finding | undefined => found.find((one) => one.check === check);

describe("doctor", { timeout: 60_000 }, () => {
  it("finds a running agent with its meter well, and the broker that it is connected to", async () => {
    const house = await agentHouse();
    const agent = await house.start();
    await house.hear(agent, 100_000);
    const { found } = await findings(cliOf(house).ask);
    expect(of(found, "agent")).toMatchObject({ verdict: "good" });
    expect(of(found, "meter grid")).toMatchObject({ verdict: "good", seen: "read 0 s ago, valid" });
    expect(of(found, "broker")).toMatchObject({ verdict: "good", seen: "connected" });
    expect(of(found, "aggregator")).toMatchObject({ verdict: "warning", seen: "never heard in this run" });
    expect(of(found, "disk")?.seen).toMatch(/^\d+ MiB free where /);
    expect(found.every(({ verdict, fix }) => verdict === "good" || verdict === "unknown" || fix !== undefined)).toBe(true);
  });

  it("names the meter that says nothing and the relay that does not follow, with the cure", async () => {
    const house = await agentHouse();
    house.board.stuck.add(0);
    house.board.coils.set(0, true);
    await house.start();
    await house.clock.advance(60_000);
    const { code, found } = await findings(cliOf(house).ask);
    expect(code).toBe(1);
    expect(of(found, "meter grid")).toMatchObject({ verdict: "bad", fix: expect.stringContaining("smart-mla probe") as string });
    expect(of(found, "appliance boiler")).toMatchObject({ verdict: "bad", seen: expect.stringContaining("relay r1") as string });
  });

  it("goes on where no agent answers: files, ports, chain and what waits are looked at all the same", async () => {
    const folder = scratch("doctor");
    const node = createServer((request, response) => {
      request.resume().on("end", () => response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: "0x2" })));
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void node.close());
    await once(node, "listening");
    const port = (node.address() as AddressInfo).port;
    const config = writeGateway(folder, {
      buses: { ...(gatewayYaml() as { buses: object }).buses, usb: { type: "serial", port: join(folder, "ttyUSB9") } },
      meters: {
        grid: { role: "grid", driver: "dsmr", bus: "p1" },
        heat: { role: "load", driver: "dsmr", bus: "usb" },
      },
      aggregator: { id: "agg", gateway_id: "gw", broker_url: "mqtt://127.0.0.1:1", control_keys: [publicJwk] },
      settlement: {
        key: "home",
        passphrase_file: "passphrase",
        agreement_file: "agreement.json",
        chain_id: 31_337,
        contract: `0x${"5e".repeat(20)}`,
        rpc_url: `http://127.0.0.1:${port}`,
      },
    });
    const state = join(folder, "state");
    mkdirSync(join(state, "keys"), { recursive: true });
    writeFileSync(join(folder, "passphrase"), "correct horse battery staple", { mode: 0o644 });
    const db = openDatabase(join(state, "data.db"));
    openOutbox(db, "11111111-1111-4111-8111-111111111111", 0).add({
      kind: "switch",
      resource: "boiler",
      at: "2026-01-01T00:00:00.000Z",
      on: true,
      reason: "x",
    });
    db.close();
    writeFileSync(join(state, "data.db.damaged-2026-03-04T050607.000Z"), "");
    const { code, found } = await findings((...args) => runCli([...args, "-c", config]));
    expect(code).toBe(1);
    expect(of(found, "agent")).toMatchObject({ verdict: "bad", seen: expect.stringContaining("no agent answers") as string });
    expect(of(found, "settlement passphrase")).toMatchObject({
      verdict: "bad",
      seen: expect.stringContaining("mode 0644, others may read it") as string,
      fix: `chmod 600 ${join(folder, "passphrase")}`,
    });
    expect(of(found, "settlement key")).toMatchObject({
      verdict: "bad",
      seen: expect.stringContaining("is not there") as string,
    });
    expect(of(found, "serial port of usb")).toMatchObject({
      verdict: "bad",
      fix: expect.stringContaining("plug it in") as string,
    });
    expect(of(found, "settlement agreement")).toMatchObject({
      verdict: "bad",
      seen: `${join(folder, "agreement.json")} is not there`,
    });
    expect(of(found, "chain")).toMatchObject({ verdict: "bad", seen: expect.stringContaining("is of chain 2") as string });
    expect(of(found, "backlog")).toMatchObject({
      verdict: "warning",
      seen: "1 rows on disk, the oldest of 2026-01-01T00:00:00.000Z",
    });
    expect(of(found, "database")).toMatchObject({ verdict: "warning", seen: expect.stringContaining("damaged-2026") as string });
  });

  it("says that a gateway is not enrolled yet, and that an agent was not restarted since it has an aggregator", async () => {
    const folder = scratch("doctor");
    const config = writeGateway(folder, { aggregator: { enrolled: true } });
    const { code, found } = await findings((...args) => runCli([...args, "-c", config]));
    expect([code, of(found, "enrolment")?.fix]).toEqual([1, expect.stringContaining("smart-mla enrol CODE")]);
    const house = await agentHouse();
    const status = { ...(await house.start()).status(), aggregator: null };
    const later = checkAgent(status, { meters: [], aggregator: true });
    expect(of(later, "aggregator")).toMatchObject({ verdict: "warning", fix: "systemctl restart smart-mla-agent" });
    expect(of(checkAgent(status, { meters: [], aggregator: false }), "aggregator")).toBeUndefined();
  });

  const openssl = peer("openssl");
  it.skipIf(!openssl)("counts the days of certificates", async () => {
    const folder = scratch("doctor");
    const { caFile, issue } = certificateAuthority(openssl ?? "", folder);
    const { certFile, keyFile } = issue("gw");
    const config = writeGateway(folder, {
      aggregator: {
        id: "agg",
        gateway_id: "gw",
        broker_url: "mqtts://127.0.0.1:1",
        ca_file: caFile,
        cert_file: certFile,
        key_file: keyFile,
        control_keys: [publicJwk],
      },
    });
    const { found } = await findings((...args) => runCli([...args, "-c", config]));
    expect(of(found, "tls client certificate")).toMatchObject({
      verdict: "warning",
      seen: expect.stringMatching(/CN=gw until .* \(0 days\)/) as string,
      fix: expect.stringContaining("renew") as string,
    });
  });

  it("writes a bundle without secrets, once", async () => {
    const folder = scratch("doctor");
    const config = writeGateway(folder, {
      buses: { p1: { type: "tcp", host: "127.0.0.1", port: 1 }, home: { type: "mqtt", url: "mqtt://bob:hunter2@127.0.0.1:1" } },
      aggregator: {
        id: "agg",
        gateway_id: "gw",
        broker_url: "mqtts://gw:hunter3@127.0.0.1:1",
        username: "gw",
        password_file: "pw",
        control_keys: [{ kty: "OKP", crv: "Ed25519", kid: "hunter5", x: "aaaa" }],
      },
    });
    mkdirSync(join(folder, "state"));
    const db = openDatabase(join(folder, "state", "data.db"));
    meterStore(db).addRejected({ meter: "grid", atMs: 0, code: "p1-bad-crc", message: "no", bytes: Buffer.from("/frame") });
    db.close();
    const file = join(folder, "bundle.json");
    const ask = () => runCli(["doctor", "-c", config, "--bundle", file]);
    expect((await ask()).out).toContain("written without secrets");
    const text = readFileSync(file, "utf8");
    expect(text).not.toMatch(/hunter\d/);
    expect(JSON.parse(text)).toMatchObject({
      status: null,
      config: { site: { name: "Alder Yard 7" }, aggregator: { control_keys: "(removed)", id: "agg" } },
      rejected: [{ at: "1970-01-01T00:00:00.000Z", code: "p1-bad-crc", hex: Buffer.from("/frame").toString("hex") }],
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await ask()).toMatchObject({ code: 2, err: expect.stringContaining("doctor-bundle-not-written") as string });
  });
});

it.each<[string, number, string, Finding["verdict"]]>([
  ["a clock that network time has set", Date.parse("2027-01-01"), "yes\n", "good"],
  ["one that it has not", Date.parse("2027-01-01"), "no\n", "bad"],
  ["one that shows the day of the last release or before", Date.parse("1970-01-01"), "yes\n", "bad"],
])("judges %s", async (_, nowMs, answer, verdict) => {
  const [found] = await checkClock(nowMs, { ask: () => Promise.resolve(answer), marked: () => false });
  expect(found?.verdict).toBe(verdict);
});
