import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { createControlKey, importControlKey, signEnvelope } from "../../core/envelope.ts";
import { ConfigReport } from "../../core/message/remote-config.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { startCli, type RunningCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { testBroker } from "../fake/test-broker.ts";
import { until } from "../fake/until.ts";

it(
  "an agent process that is killed while settings from afar are on trial runs by its own file again",
  { timeout: 60_000 },
  async () => {
    const [folder, broker, p1] = [scratch("remote-config"), await testBroker(), await startP1Server(0)];
    onTestFinished(() => p1.close());
    const made = await createControlKey("control-1");
    const key = await importControlKey(made.privateJwk);
    const file = join(folder, "agent.yaml");
    writeFileSync(
      file,
      stringify({
        version: 1,
        site: {
          name: "Alder Yard 7",
          timezone: "Europe/Amsterdam",
          currency: "EUR",
          grid: { phases: 1, fuse_a: 25, max_import_w: 5000 },
        },
        buses: { p1: { type: "tcp", host: "127.0.0.1", port: p1.port } },
        meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
        aggregator: { id: "community", gateway_id: "gw-1", broker_url: broker.url, control_keys: [made.publicJwk] },
        storage: { path: "state/data.db" },
        log: { level: "warn" },
      }),
    );
    const { client, heard } = await broker.listen("sma/1/community/gw-1/up/config");
    const reports = () => heard.map(({ text }) => ConfigReport.parse(JSON.parse(text)));
    const start = (): RunningCli => {
      const running = startCli(["agent", "run", "-c", file]);
      onTestFinished(() => void running.child.kill("SIGKILL"));
      return running;
    };
    const first = start();
    await until("it says what it runs by", () => reports().length > 0, 20_000);
    expect(reports()[0]).toMatchObject({
      revision: null,
      state: "kept",
      config: { "log.level": "warn", "storage.commit_every_s": 10 },
    });
    const revision = randomUUID();
    const order = { v: 1, revision, config: { "log.level": "info" }, trialS: 600 };
    const text = await signEnvelope(key, {
      type: "config",
      site: "gw-1",
      seq: 1,
      nowMs: Date.now(),
      lifetimeS: 3600,
      body: order,
    });
    await client.publishAsync("sma/1/community/gw-1/dn/config", text, { qos: 1, retain: true });
    await until("it is on trial", () => reports().at(-1)?.state === "trying");
    // What the file keeps quiet is said now.
    await until("the log says it", () => first.err().includes('"configuration from afar"'));
    first.child.kill("SIGKILL");
    await first.ended;
    const before = reports().length;
    const second = start();
    await until("it is back, and has heard the retained order", () => reports().length > before + 1, 20_000);
    expect(reports().at(-1)).toMatchObject({
      revision: null,
      state: "kept",
      config: { "log.level": "warn" },
      failed: { revision, how: "reverted", code: "config-restarted" },
    });
    second.child.kill("SIGTERM");
    const { code, err } = await second.ended;
    expect(code).toBe(0);
    expect(err).toContain("configuration from afar did not stay");
    // And its log is as quiet as its file wants it.
    expect(err).not.toContain('"level":30');
  },
);
