import Database from "better-sqlite3";
import { request } from "node:http";
import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { controlStore } from "../../agent/store/control-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { markDamaged } from "../../agent/store/open-sound.ts";
import { createControlKey, importControlKey, signEnvelope } from "../../core/envelope.ts";
import type { ResourceStatus } from "../../core/message/resource.ts";
import { agentHouse, houseStartMs, telegramOf } from "../fake/agent-house.ts";
import { chargerDevices } from "../fake/charger-devices.ts";
import { registerSlave } from "../fake/register-slave.ts";
import { until } from "../fake/until.ts";

it("carries a telegram from the socket through SQLite and MQTT to the receipt that empties the outbox", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  for (let minute = 0; minute <= 15; minute++) {
    await house.hear(agent, 100_000 + minute * 20);
    if (minute < 15) await house.clock.advance(60_000);
  }
  await until("the slot came up", () => house.rows().some(({ kind }) => kind === "slot"));
  expect(house.rows()).toMatchObject([
    { kind: "slot", seq: 1, meter: "grid", register: "import", start: "2026-04-02T10:00:00.000Z", wh: 300, quality: "valid" },
    { kind: "slot", seq: 2, register: "export", wh: 0 },
  ]);
  expect(agent.status()).toMatchObject({ readings: 16, buffered: 2, rows: 2, delivered: 0, connected: true });
  house.giveReceipts();
  await house.clock.advance(80_000);
  await until("the outbox is empty", () => agent.status().buffered === 0);
  expect(agent.status()).toMatchObject({ rows: 2, delivered: 2 });
  const db = new Database(house.databaseFile, { readonly: true });
  expect(db.prepare("select register, start_ms, wh from slot order by register").all()).toEqual([
    { register: "export", start_ms: houseStartMs, wh: 0 },
    { register: "import", start_ms: houseStartMs, wh: 300 },
  ]);
  db.close();
});

it("follows a signed schedule down to the coil and back, acknowledges it, and leaves relays safe when it stops", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  expect(house.board.coils.get(1)).toBe(true);
  await house.hear(agent, 100_000);
  const lists = [house.instructions("boiler", true), house.instructions("pump", false)];
  for (const list of lists) await house.down(`instr/${list.resource}`, await house.sign("instruction", list));
  await until("both have switched and were read back", () => {
    const read = agent.status().appliances.map(({ on }) => on);
    return house.board.coils.get(0) === true && house.board.coils.get(1) === false && read[0] === true && read[1] === false;
  });
  expect(agent.status().appliances).toEqual([
    {
      name: "boiler",
      on: true,
      mode: "on",
      powerW: 2000,
      reason: "cheapest time",
      planUntil: lists[0]?.instructions[0]?.validUntil,
    },
    {
      name: "pump",
      on: false,
      mode: "off",
      powerW: 0,
      reason: "cheapest time",
      planUntil: lists[1]?.instructions[0]?.validUntil,
    },
  ]);
  for (const { plan } of lists) await until("it is acknowledged", () => house.upward(`ack/${plan}`).length === 1);
  expect(JSON.parse(house.upward(`ack/${lists[0]?.plan ?? ""}`)[0] ?? "")).toMatchObject({
    status: "ACCEPTED",
    resource: "boiler",
  });
  await until("it is said since when", () => house.upward("status/boiler").some((text) => text.includes("transitionTimestamp")));
  const { operationModeId, transitionTimestamp } = JSON.parse(house.upward("status/boiler").at(-1) ?? "") as ResourceStatus;
  expect(operationModeId).toBe("on");
  expect(Date.parse(transitionTimestamp ?? "")).toBeGreaterThanOrEqual(houseStartMs);
  expect(Date.parse(transitionTimestamp ?? "")).toBeLessThanOrEqual(house.clock.now());
  expect(JSON.parse(house.upward("resource/boiler")[0] ?? "")).toMatchObject({
    failsafeMode: "off",
    demand: { kind: "energy", energyWh: 8000 },
  });
  await agent.stop();
  expect([house.board.coils.get(0), house.board.coils.get(1)]).toEqual([false, true]);
  await until("it said farewell", () => house.upward("state").some((text) => text.includes("disconnected")));
});

it("counts refused messages by code and switches nothing", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  await house.hear(agent, 100_000);
  const list = house.instructions("boiler", true);
  const stranger = await importControlKey((await createControlKey("control-1")).privateJwk);
  const message = { type: "instruction", site: "gw-1", seq: 900, nowMs: house.clock.now(), lifetimeS: 60, body: list } as const;
  const good = await house.sign("instruction", house.instructions("boiler", false), { seq: 500 });
  const unknown = { ...list, instructions: list.instructions.map((one) => ({ ...one, operationModeId: "boost" })) };
  const bad: [string, string][] = [
    [await signEnvelope(stranger, message), "envelope-bad-signature"],
    [await signEnvelope({ ...stranger, kid: "other" }, message), "envelope-unknown-key"],
    [await house.sign("instruction", list, { site: "gw-2" }), "envelope-wrong-site"],
    [await house.sign("instruction", list, { nowMs: house.clock.now() - 7_200_000 }), "envelope-expired"],
    [await house.sign("instruction", list, { nowMs: house.clock.now() + 7_200_000 }), "envelope-not-yet-valid"],
    [await house.sign("price", list), "envelope-wrong-type"],
    ["not a JWS", "envelope-malformed"],
    [good, "accepted"],
    [await house.sign("instruction", list, { seq: 499 }), "envelope-old-seq"],
    [await house.sign("instruction", list, { seq: 500 }), "envelope-old-seq"],
    [await house.sign("instruction", unknown, { seq: 501 }), "instruction-unknown-mode"],
  ];
  for (const [text] of bad) await house.down("instr/boiler", text);
  const expected: Record<string, number> = {};
  for (const [, code] of bad) if (code !== "accepted") expected[code] = (expected[code] ?? 0) + 1;
  await until("all were seen", () => agent.status().rejected["instruction-unknown-mode"] === 1);
  expect(agent.status().rejected).toEqual(expected);
  await until("the aggregator is told", () => house.upward(`ack/${list.plan}`).length === 1);
  expect(JSON.parse(house.upward(`ack/${list.plan}`)[0] ?? "")).toMatchObject({
    status: "REJECTED",
    code: "instruction-unknown-mode",
  });
  await house.clock.advance(20_000);
  expect([house.board.coils.get(0) ?? false, house.board.writes.filter(({ on, coil }) => on && coil === 0)]).toEqual([false, []]);
});

it("answers a refused plan whose id is written in capitals, as any UUID may be", async () => {
  const house = await agentHouse();
  await house.start();
  const list = house.instructions("boiler", { mode: "turbo" });
  const plan = list.plan.toUpperCase();
  await house.down("instr/boiler", await house.sign("instruction", { ...list, plan }));
  await until("the aggregator is told", () => house.upward(`ack/${plan}`).some((text) => text.includes("REJECTED")));
});

it("counts a telegram with a wrong CRC and keeps its bytes", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  await house.hear(agent, 100_000);
  const damaged = telegramOf(100_010, 600, true);
  house.p1.send(damaged);
  await until("it was counted", () => agent.status().rejected["p1-bad-crc"] === 1);
  expect(agent.status().readings).toBe(1);
  await agent.stop();
  const db = new Database(house.databaseFile, { readonly: true });
  const frame = db.prepare("select meter, code, bytes from rejected_frame").get() as {
    meter: string;
    code: string;
    bytes: Buffer;
  };
  db.close();
  expect([frame.meter, frame.code, damaged.includes(frame.bytes)]).toEqual(["grid", "p1-bad-crc", true]);
});

it("goes to the safe state when the meter falls silent, and back when it speaks", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  await house.hear(agent, 100_000);
  await house.down("instr/boiler", await house.sign("instruction", house.instructions("boiler", true, 600)));
  await until("it is on", () => house.board.coils.get(0) === true);
  await house.clock.advance(80_000);
  expect(house.board.coils.get(0)).toBe(false);
  expect(agent.status().appliances[0]?.reason).toBe("meter stale, safe state");
  for (let minute = 0; minute < 7; minute++) {
    await house.clock.advance(60_000);
    await house.hear(agent, 100_001 + minute);
  }
  await until("it is on again", () => house.board.coils.get(0) === true);
});

it("starts safe again, rests, and goes on with the accepted schedule and the rows that wait", async () => {
  const house = await agentHouse();
  const first = await house.start();
  for (let minute = 0; minute <= 15; minute++) {
    await house.hear(first, 100_000 + minute);
    if (minute < 15) await house.clock.advance(60_000);
  }
  await house.down("instr/boiler", await house.sign("instruction", house.instructions("boiler", true, 600)));
  await until("it is on", () => house.board.coils.get(0) === true);
  await first.stop();
  // Somebody has tampered with the board while the agent was away.
  house.board.coils.set(0, true);
  house.board.coils.set(1, false);
  await house.clock.advance(60_000);
  const second = await house.start();
  expect([house.board.coils.get(0), house.board.coils.get(1)]).toEqual([false, true]);
  await house.hear(second, 100_016);
  await house.clock.advance(10_000);
  expect(house.board.coils.get(0)).toBe(false);
  expect(second.status().appliances[0]?.reason).toBe("minimum off time runs");
  house.giveReceipts();
  for (let minute = 0; minute < 6; minute++) {
    await house.clock.advance(60_000);
    await house.hear(second, 100_017 + minute);
  }
  await until("it is on again", () => house.board.coils.get(0) === true);
  await until("the outbox is empty", () => second.status().buffered === 0);
});

it("rests an appliance that a power cut has switched off behind the journal's back", async () => {
  const house = await agentHouse();
  const db = openDatabase(house.databaseFile);
  controlStore(db).journal({
    resource: "boiler",
    atMs: houseStartMs - 3_600_000,
    on: true,
    setting: null,
    reason: "cheapest time",
  });
  db.close();
  const agent = await house.start();
  await house.hear(agent, 100_000);
  await house.down("instr/boiler", await house.sign("instruction", house.instructions("boiler", true)));
  await until("it has decided", () => agent.status().appliances[0]?.planUntil !== null);
  await house.clock.advance(10_000);
  expect([agent.status().appliances[0]?.on, agent.status().appliances[0]?.reason]).toEqual([false, "minimum off time runs"]);
});

it("raises a charger that fell back behind the journal's back only as far as there is room", async () => {
  const wallbox = chargerDevices.heidelberg_energy_control;
  const { state: slave } = await registerSlave(wallbox.unit, wallbox);
  slave.holding.set(261, 60);
  const house = await agentHouse((yaml) => ({
    ...yaml,
    site: {
      ...yaml.site,
      grid: { phases: 3, fuse_a: 25, max_import_w: 10_000, random_delay_s: 0, max_ramp_w_per_min: 100_000 },
    },
    buses: { ...yaml.buses, wallbox: { type: "modbus_tcp", host: "127.0.0.1", port: slave.port } },
    appliances: {
      car: {
        type: "ev_charger",
        driver: "modbus_charger",
        bus: "wallbox",
        family: "heidelberg_energy_control",
        unit_id: wallbox.unit,
        max_current_a: 16,
        phases: 3,
        comfort: { energy_wh_per_day: 100, not_before: "06:00", ready_by: "05:59" },
      },
    },
  }));
  const db = openDatabase(house.databaseFile);
  const setting = { mode: "charge", powerW: 11_040 };
  const atMs = houseStartMs - 3_600_000;
  controlStore(db).journal({ resource: "car", atMs, on: true, setting, reason: "cheapest time" });
  controlStore(db).saveInstructions(house.instructions("car", { mode: "charge" }), atMs);
  db.close();
  const agent = await house.start();
  // 4,140 W of it are the charger's at its failsafe current.
  await house.hear(agent, 100_000, 9000);
  await until("it has decided", () => agent.status().appliances[0]?.reason === "cheapest time");
  expect(wallbox.setA(slave)).toBe(7);
});

it("tells its status to its own user over a socket in the state folder", async () => {
  const house = await agentHouse();
  await house.start();
  const ask = (path: string) =>
    new Promise<[number | undefined, { site?: string; title?: string }]>((resolve, reject) => {
      request({ socketPath: join(house.folder, "agent.sock"), path }, (response) => {
        let text = "";
        response.on("data", (bytes) => (text += String(bytes)));
        response.on("end", () => resolve([response.statusCode, JSON.parse(text) as { site?: string }]));
      })
        .on("error", reject)
        .end();
    });
  expect(await ask("/v1/status")).toMatchObject([200, { site: "Test home" }]);
  expect(await ask("/")).toMatchObject([404, { title: "unknown-path" }]);
});

it("leaves what somebody has switched by hand for as long as the installer said, over a restart too", async () => {
  const house = await agentHouse((yaml) => ({
    ...yaml,
    appliances: {
      boiler: {
        type: "switched_load",
        relay: "r1",
        rated_power_w: 2000,
        min_on_s: 0,
        min_off_s: 0,
        hand_hold_s: 1800,
        comfort: { energy_wh_per_day: 8000, not_before: "20:00", ready_by: "06:30" },
      },
    },
  }));
  const first = await house.start();
  let wh = 100_000;
  await house.hear(first, wh);
  house.board.coils.set(0, true);
  const goOn = async (agent: typeof first, minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes; minute++) {
      await house.clock.advance(50_000);
      await house.hear(agent, (wh += 10));
      await house.clock.advance(10_000);
    }
  };
  await goOn(first, 5);
  expect([house.board.coils.get(0), first.status().appliances[0]?.reason]).toEqual([true, expect.stringMatching(/^hold until/)]);
  await until("it is said upward", () => house.upward("status/boiler").some((text) => text.includes('"cause":"hand"')));
  await first.stop();
  expect(house.board.coils.get(0)).toBe(false);
  const second = await house.start();
  await house.hear(second, (wh += 10));
  await goOn(second, 2);
  expect(house.board.coils.get(0)).toBe(true);
  await goOn(second, 30);
  expect(house.board.coils.get(0)).toBe(false);
});

it("goes on beside a damaged database: set aside, and rows that wait are still delivered", async () => {
  const house = await agentHouse();
  const first = await house.start();
  for (let minute = 0; minute <= 15; minute++) {
    await house.hear(first, 100_000 + minute * 20);
    if (minute < 15) await house.clock.advance(60_000);
  }
  await until("the slot is stored", () => first.status().buffered === 2);
  await first.stop();
  markDamaged(house.databaseFile);
  const second = await house.start();
  expect(second.status()).toMatchObject({ buffered: 2 });
  expect(house.log.lines).toContainEqual(
    expect.objectContaining({ level: "error", fields: expect.objectContaining({ code: "store-damaged" }) as unknown }),
  );
  house.giveReceipts();
  await house.clock.advance(80_000);
  await until("the outbox is empty", () => second.status().buffered === 0);
});

it("ends with the reason when a page turns out to be broken in use, so that the next start sets the database aside", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  await house.hear(agent, 100_000);
  const spoil = new Database(house.databaseFile);
  const root = spoil
    .prepare<[], { rootpage: number }>("select rootpage from sqlite_schema where name = 'sample'")
    .get()?.rootpage;
  const pageBytes = spoil.pragma("page_size", { simple: true }) as number;
  spoil.pragma("wal_checkpoint(truncate)");
  spoil.close();
  const handle = openSync(house.databaseFile, "r+");
  writeSync(handle, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, ((root ?? 0) - 1) * pageBytes);
  closeSync(handle);
  const other = new Database(house.databaseFile);
  // Another connection's change makes the agent read its pages anew.
  other.exec("insert into secret values ('x', x'00')");
  other.close();
  await house.clock.advance(5000);
  await house.hear(agent, 100_001);
  await house.clock.advance(20_000);
  expect((await agent.failed).code).toBe("store-damaged");
  await agent.stop();
  expect(existsSync(`${house.databaseFile}.broken`)).toBe(true);
});

it("follows no plan of an hour by a clock that nobody has set, until the aggregator's signed time agrees with it", async () => {
  const house = await agentHouse();
  house.clock.setSynced(false);
  const agent = await house.start();
  await house.hear(agent, 100_000);
  await house.down("instr/boiler", await house.sign("instruction", house.instructions("boiler", true)));
  await until("it was taken", () => agent.status().appliances[0]?.planUntil !== null);
  await house.clock.advance(10_000);
  expect(agent.status().appliances[0]).toMatchObject({ name: "boiler", on: false });
  await house.down("state", await house.sign("heartbeat", {}));
  await until("the aggregator is heard", () => agent.status().heartbeatAgeS !== null);
  await house.hear(agent, 100_001);
  await house.clock.advance(10_000);
  await until("the boiler is on", () => house.board.coils.get(0) === true);
});

it("flags what it stamps until network time has set the clock, and never rewrites it", async () => {
  const house = await agentHouse();
  house.clock.setSynced(false);
  const agent = await house.start();
  for (let minute = 0; minute <= 30; minute++) {
    if (minute === 20) house.clock.setSynced(true);
    await house.hear(agent, 100_000 + minute * 20);
    if (minute < 30) await house.clock.advance(60_000);
  }
  await until("two slots came up", () => new Set(house.rows().map(({ seq }) => seq)).size >= 4);
  const db = new Database(house.databaseFile, { readonly: true });
  const slots = db.prepare<[], { clock_synced: number }>(
    "select clock_synced from slot where register = 'import' order by start_ms",
  );
  // The second one began by a clock that nobody had set.
  expect(slots.all().map((slot) => slot.clock_synced)).toEqual([0, 0]);
  db.close();
});
