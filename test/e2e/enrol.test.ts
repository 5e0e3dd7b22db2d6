import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startAgent } from "../../agent/main.ts";
import { openAuthority } from "../../aggregator/enrol/authority.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { createControlKey } from "../../core/envelope.ts";
import { readAgentConfig } from "../../cli/read-agent-config.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { writeGateway } from "../cli/gateway-files.ts";
import { enrollingAggregator } from "../fake/enrolling-aggregator.ts";
import { type Mosquitto, startMosquitto } from "../fake/mosquitto.ts";
import { peer } from "../fake/peer.ts";
import { runCli } from "../fake/run-cli.ts";
import { exampleEvidence, exampleRecord } from "../settlement/fixture.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];

describe.skipIf(!mosquitto || !openssl)("a gateway that enrols at a real broker and aggregator", { timeout: 120_000 }, () => {
  let broker: Mosquitto;
  beforeAll(async () => {
    broker = await startMosquitto(
      { mosquitto: mosquitto ?? "", openssl: openssl ?? "" },
      {
        crl: ({ caFile, caKeyFile }) => openAuthority({ certFile: caFile, keyFile: caKeyFile }).crl([], Date.now()),
      },
    );
  });
  afterAll(() => broker.stop());

  const aggregatorFor = (site: string) =>
    enrollingAggregator({
      authority: broker.authority,
      sites: [site],
      broker: { url: broker.url, certificate: broker.certificateOf("aggregator") },
      enrolment: { crl_file: broker.crlFile },
    });
  const gateway = () => {
    const folder = scratch("gateway");
    const config = writeGateway(folder, { aggregator: { enrolled: true } });
    const ask = (...args: string[]) => runCli([...args, "-c", config]);
    const start = async () => {
      const agent = await startAgent({
        config: readAgentConfig(config),
        clock: realClock({ onError: () => undefined }),
        log: silentLog(),
      });
      let stopped = false;
      const stop = async (): Promise<void> => {
        if (!stopped) await agent.stop();
        stopped = true;
      };
      onTestFinished(stop);
      return { ...agent, stop };
    };
    return { folder, config, ask, start, state: join(folder, "state") };
  };

  it("needs only the code: the agent then connects with its own certificate and believes the aggregator", async () => {
    const aggregator = await aggregatorFor("gw-en-1");
    const home = gateway();
    const code = await aggregator.codeFor("gw-en-1");
    const { code: exit, out, err } = await home.ask("enrol", code);
    expect([exit, err]).toEqual([0, ""]);
    expect(out).toMatch(/^gw-en-1: enrolled with community, certificate good until /);
    const at = join(home.state, "enrolment", "current");
    const certificate = new X509Certificate(readFileSync(join(at, "client.crt")));
    expect(certificate.subject).toBe("CN=gw-en-1");
    expect(readFileSync(join(at, "client.key"), "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    for (const file of ["client.key", "client.crt", "ca.crt", "enrolment.json"])
      expect(statSync(join(at, file)).mode & 0o777).toBe(0o600);
    const agent = await home.start();
    await until("the aggregator is heard and believed", () => agent.status().heartbeatAgeS !== null);
    expect(agent.status()).toMatchObject({ aggregator: "community", connected: true });
  });

  it("takes a renewed certificate at its next connection, and a revoked one not at all", async () => {
    const aggregator = await aggregatorFor("gw-en-2");
    const home = gateway();
    await home.ask("enrol", await aggregator.codeFor("gw-en-2"));
    const certificate = () => new X509Certificate(readFileSync(join(home.state, "enrolment", "current", "client.crt")));
    const first = certificate().serialNumber;
    const agent = await home.start();
    await until("it is connected", () => agent.status().connected);
    expect((await home.ask("enrol", "--renew", "--json")).out).toContain('"renewed":false');
    expect(certificate().serialNumber).toBe(first);
    expect((await home.ask("enrol", "--renew", "--now")).out).toMatch(/^gw-en-2: renewed, certificate good until /);
    expect(certificate().serialNumber).not.toBe(first);
    // Only the new one gets in any more.
    const authority = openAuthority({ certFile: broker.authority.caFile, keyFile: broker.authority.caKeyFile });
    writeFileSync(broker.crlFile, await authority.crl([{ serial: first, revokedMs: Date.now() }], Date.now()));
    const connections = (): number => broker.log().split(" as gw-en-2 ").length - 1;
    const before = connections();
    await broker.restart();
    await until("it came back", () => connections() > before && agent.status().connected, 20_000);
    await agent.stop();

    const revoked = await runCli(["aggregator", "revoke", "gw-en-2", "-c", aggregator.configFile]);
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining("gw-en-2: 2 certificates revoked") as string });
    expect(await runCli(["aggregator", "revoke", "gw-en-2", "-c", aggregator.configFile])).toMatchObject({
      code: 0,
      out: expect.stringContaining("no certificate in force is known here") as string,
    });
    expect(await runCli(["aggregator", "revoke", "gw-em-2", "-c", aggregator.configFile])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^enrol-unknown-site: .*"gw-em-2"/) as string,
    });
    await broker.restart();
    expect(await home.ask("enrol", "--renew", "--now")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^enrol-revoked: /) as string,
    });
    const back = await home.start();
    const refusals = (): number => broker.log().split("certificate verify failed").length;
    const count = refusals();
    await until("the broker refused it", () => refusals() > count, 20_000);
    expect(back.status().connected).toBe(false);
    await back.stop();

    expect((await home.ask("enrol", await aggregator.codeFor("gw-en-2"))).code).toBe(0);
    const again = await home.start();
    await until("a new code lets it in again", () => again.status().connected);
  });

  it("follows the aggregator to its next control key, and then no longer believes the old one", async () => {
    const aggregator = await aggregatorFor("gw-en-3");
    const home = gateway();
    await home.ask("enrol", await aggregator.codeFor("gw-en-3"));
    const agent = await home.start();
    await until("the old key is believed", () => agent.status().heartbeatAgeS !== null);
    const { privateJwk } = await createControlKey("control-2");
    writeFileSync(join(aggregator.folder, "control-2.json"), JSON.stringify(privateJwk));
    const drop = { "control-1": new Date(Date.now() + 3_600_000).toISOString() };
    aggregator.configure({ control_keys: { add_files: ["control-2.json"], drop } });
    await aggregator.restart();
    const ring = join(home.state, "control-keys.json");
    await until("the next key is pinned", () => existsSync(ring) && readFileSync(ring, "utf8").includes("control-2"), 20_000);
    expect(statSync(ring).mode & 0o777).toBe(0o600);
    // The new key signs, and drops the old one at once.
    aggregator.configure({
      control_key_file: "control-2.json",
      control_keys: { drop: { "control-1": new Date(Date.now() - 1000).toISOString() } },
    });
    await aggregator.restart();
    await until(
      "the old key is dropped",
      () => {
        const { dropped } = JSON.parse(readFileSync(ring, "utf8")) as { dropped: Record<string, number> };
        return (dropped["control-1"] ?? Infinity) < Date.now();
      },
      20_000,
    );
    await agent.stop();
    const again = await home.start();
    await until("the new key alone is believed after a restart", () => again.status().heartbeatAgeS !== null, 20_000);
    aggregator.configure({ control_key_file: "control.json", control_keys: { drop: {} } });
    await aggregator.restart();
    await until("the old key is refused", () => (again.status().rejected["envelope-unknown-key"] ?? 0) > 0, 20_000);
  });

  it("forgets all, and the aggregator deletes what it knows of the home but for settlements", async () => {
    const aggregator = await aggregatorFor("gw-en-4");
    const home = gateway();
    await home.ask("enrol", await aggregator.codeFor("gw-en-4"));
    const agent = await home.start();
    await until("it is connected", () => agent.status().heartbeatAgeS !== null);
    expect(await home.ask("unenrol")).toMatchObject({ code: 2, err: expect.stringMatching(/^agent-running: /) as string });
    await agent.stop();
    const store = await openStore({ engine: "sqlite", file: aggregator.databaseFile });
    onTestFinished(() => store.close());
    const item = { kind: "slot", meter: "grid", role: "grid", register: "import", wh: 5, quality: "valid", clockSynced: true };
    const [start, end] = ["2026-11-22T00:00:00.000Z", "2026-11-22T00:15:00.000Z"];
    await store.ingest("gw-en-4", { v: 1, boot: "b", items: [{ ...item, seq: 1, start, end } as never] });
    await store.ingest("other", { v: 1, boot: "b", items: [{ ...item, seq: 1, start, end } as never] });
    const evidence = exampleEvidence("import", [151, 0, 87, 1203]);
    const record = exampleRecord({ chainId: 1, contract: `0x${"5e".repeat(20)}` });
    await store.addRecord(
      {
        site: "gw-en-4",
        record,
        digest: "0x",
        evidence,
        prices: null,
        state: "cosigned",
        gatewaySignature: null,
        ownSignature: null,
        epoch: null,
      },
      { kind: "import", nextMs: 1 },
    );
    const db = openDatabase(join(home.state, "data.db"));
    db.exec(
      "insert into slot values ('grid', 'import', 1, 2, 3, 'valid', 1); insert into record values ('a-b', 1, 'd', '{}', '{}', null, null, 1)",
    );
    db.close();
    const { code, out, err } = await home.ask("unenrol", "--erase", "--json");
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({
      gatewayId: "gw-en-4",
      erasedAtAggregator: { item: 1, run: 1 },
      erasedHere: { slot: 1 },
      retainedCleared: true,
    });
    expect(existsSync(join(home.state, "enrolment"))).toBe(false);
    expect(await store.itemCounts()).toEqual([{ site: "other", rows: 1 }]);
    expect(await store.recordAt("gw-en-4", 1)).toMatchObject({ state: "cosigned" });
    expect(await store.erasedSites()).toEqual(["gw-en-4"]);
    const left = openDatabase(join(home.state, "data.db"));
    expect([
      left.prepare("select count(*) as n from slot").get(),
      left.prepare("select count(*) as n from record").get(),
    ]).toEqual([{ n: 0 }, { n: 1 }]);
    left.close();
    // The broker kept nothing of the home, and what still comes is not stored.
    const watcher = await broker.clientOf("aggregator", { clientId: "watcher" });
    onTestFinished(() => watcher.endAsync(true));
    const seen: string[] = [];
    watcher.on("message", (topic) => seen.push(topic));
    await watcher.subscribeAsync("sma/1/community/gw-en-4/up/#", { qos: 1 });
    const stranger = await broker.clientOf("gw-en-4");
    onTestFinished(() => stranger.endAsync(true));
    await stranger.publishAsync("sma/1/community/gw-en-4/up/resource/boiler", "{}", { qos: 1 });
    await until("what is sent now has come", () => seen.length > 0);
    expect(seen).toEqual(["sma/1/community/gw-en-4/up/resource/boiler"]);
    expect(aggregator.log.lines.filter(({ fields }) => fields["code"] === "intake-malformed")).toEqual([]);
    expect(await home.ask("unenrol")).toMatchObject({ code: 2, err: expect.stringMatching(/^enrol-not-enrolled: /) as string });
    expect((await home.ask("enrol", await aggregator.codeFor("gw-en-4"))).code).toBe(0);
    expect(await store.erasedSites()).toEqual([]);
  });

  it("changes nothing here where the aggregator cannot be asked", async () => {
    const aggregator = await aggregatorFor("gw-en-5");
    const home = gateway();
    await home.ask("enrol", await aggregator.codeFor("gw-en-5"));
    await aggregator.stop();
    expect(await home.ask("unenrol", "--erase")).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^enrol-unreachable/) as string,
    });
    expect(existsSync(join(home.state, "enrolment", "current", "client.key"))).toBe(true);
    expect((await home.ask("unenrol")).out).toContain("gw-en-5: certificate, key and pinned keys are forgotten");
    expect(existsSync(join(home.state, "enrolment"))).toBe(false);
  });

  it("runs the house by itself where it is not enrolled yet, and says so", async () => {
    const log = silentLog();
    const agent = await startAgent({
      config: readAgentConfig(gateway().config),
      clock: realClock({ onError: () => undefined }),
      log,
    });
    onTestFinished(() => agent.stop());
    expect(agent.status()).toMatchObject({ aggregator: null, connected: false });
    expect(log.lines).toContainEqual(expect.objectContaining({ level: "error", fields: { code: "enrol-not-enrolled" } }));
  });
});
