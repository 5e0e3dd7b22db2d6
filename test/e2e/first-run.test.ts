import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { startMosquitto } from "../fake/mosquitto.ts";
import { peer } from "../fake/peer.ts";
import { cliEntry, runCli, startCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { aggregatorDouble } from "./aggregator-double.ts";
import { gatewayYaml } from "./gateway-yaml.ts";
import { telegrams } from "./telegrams.ts";

const [mosquitto, openssl, socat] = [peer("mosquitto"), peer("openssl"), peer("socat")];
const slotMs = 300_000;
const site = "gw-first-run";

vi.setConfig({ testTimeout: 60_000 });

/** Plays a file into a PTY once somebody has opened it, and leaves the line open at its end as a meter does. */
async function replay(file: string, port: string): Promise<void> {
  const child = spawn(socat ?? "", ["-u", `FILE:${file},ignoreeof`, `PTY,raw,echo=0,link=${port},wait-slave`], {
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGTERM"));
  await until("socat has made the PTY", () => existsSync(port));
}

it.skipIf(!mosquitto || !openssl || !socat)(
  "stores a captured telegram stream, publishes it to Mosquitto, and says farewell on SIGTERM (mosquitto, openssl, socat)",
  async () => {
    const folder = scratch("first-run");
    const broker = await startMosquitto({ mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
    onTestFinished(() => broker.stop());
    // The gateway's clock stands shortly before the end of a slot, so that the stream reaches into the next one.
    const boundaryMs = Math.ceil(Date.now() / slotMs) * slotMs;
    const shiftMs = boundaryMs - 10_000 - Date.now();
    const aggregator = await aggregatorDouble(broker, () => Date.now() + shiftMs);
    onTestFinished(() => aggregator.stop());
    const stream = telegrams({ fromMs: boundaryMs - 40_000, count: 9, everyS: 10 });
    writeFileSync(join(folder, "telegrams.p1"), Buffer.concat(stream));
    const port = join(folder, "p1");
    const config = join(folder, "agent.yaml");
    writeFileSync(config, gatewayYaml({ site, bus: { type: "serial", port }, broker, controlKeys: [aggregator.publicJwk] }));

    await replay(join(folder, "telegrams.p1"), port);
    const preload = `data:text/javascript,const now=Date.now;Date.now=()=>now()+${shiftMs}`;
    const agent = startCli(["agent", "run", "-c", config], { command: [process.execPath, "--import", preload, cliEntry] });
    onTestFinished(() => void agent.child.kill("SIGKILL"));
    const slots = () => aggregator.items.filter((item) => item.kind === "slot");
    await until("the ended slot was published", () => slots().length === 2, 20_000);
    const status = async () =>
      z
        .object({ readings: z.int(), delivered: z.int() })
        .parse(JSON.parse((await runCli(["status", "-c", config, "--json"])).out));
    await until("all was read and the slots receipted", async () => {
      const { readings, delivered } = await status();
      return readings === stream.length && delivered >= slots().length;
    });
    agent.child.kill("SIGTERM");
    const ended = await agent.ended;
    expect(ended).toMatchObject({ code: 0, out: '{"kind":"ready","program":"agent"}' });
    expect(ended.err.split("\n").filter((line) => /"level":[4-6]0/.test(line))).toEqual([]);

    expect(slots().map(({ register, start, end }) => [register, start, end])).toEqual(
      ["import", "export"].map((register) => [
        register,
        new Date(boundaryMs - slotMs).toISOString(),
        new Date(boundaryMs).toISOString(),
      ]),
    );
    // 1800 W from 40 s before the boundary on.
    expect(slots()[0]?.wh).toBe(20);
    expect(existsSync(join(folder, "state", "data.db-wal"))).toBe(false);
    const db = new Database(join(folder, "state", "data.db"), { readonly: true });
    onTestFinished(() => void db.close());
    const count = (table: string): number => db.prepare<[], { n: number }>(`select count(*) as n from ${table}`).get()?.n ?? -1;
    expect([count("sample"), count("slot")]).toEqual([stream.length, 2]);
    // Every row is either receipted or still waits.
    const boot = db
      .prepare<[], { made: number; receipted: number }>("select last_seq as made, delivered_seq as receipted from boot")
      .get();
    expect(boot?.made).toBe(stream.length + 2);
    expect(count("outbox")).toBe((boot?.made ?? 0) - (boot?.receipted ?? 0));

    const late = await broker.clientOf("aggregator", { clientId: "late" });
    onTestFinished(() => late.endAsync(true));
    const kept: [boolean, unknown][] = [];
    late.on("message", (_, payload, { retain }) => kept.push([retain, JSON.parse(payload.toString())]));
    await late.subscribeAsync(`sma/1/community/${site}/up/state`);
    await until("the retained state came", () => kept.length > 0);
    expect(kept).toMatchObject([[true, { v: 1, state: "disconnected" }]]);
    expect(aggregator.states).toEqual(["ready", "disconnected"]);
  },
);
