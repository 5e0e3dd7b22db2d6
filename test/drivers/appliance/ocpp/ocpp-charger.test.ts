import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { freePort } from "../../../../cli/free-port.ts";
import { errorCode } from "../../../../core/app-error.ts";
import { fakeClock } from "../../../../core/clock/fake-clock.ts";
import type { Setting } from "../../../../core/setting.ts";
import { ocppCharger, ocppChargerOf } from "../../../../drivers/appliance/ocpp/ocpp-charger.ts";
import { OcppOptions } from "../../../../drivers/appliance/ocpp/ocpp-options.ts";
import { ocppChargePoint } from "../../../fake/ocpp-charge-point.ts";
import { scratch } from "../../../fake/scratch.ts";
import { silentLog } from "../../../fake/silent-log.ts";
import { until } from "../../../fake/until.ts";

const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "done", errorCode);
const start = Date.parse("2026-11-22T12:00:00Z");
const off: Setting = { mode: "off", powerW: 0 };
const charge = (powerW: number): Setting => ({ mode: "charge", powerW });
const boot = { chargePointVendor: "Acme", chargePointModel: "Wallbox 11" };

async function bench(
  options: { configuration?: Record<string, string>; phases?: 1 | 3; connected?: boolean; callTimeoutMs?: number } = {},
) {
  const { phases = 3, connected = true, callTimeoutMs = 300 } = options;
  const clock = fakeClock(start);
  const log = silentLog();
  const charger = await ocppCharger({
    name: "garage",
    host: "127.0.0.1",
    port: 0,
    chargePointId: "CP1",
    connector: 1,
    wiring: { minA: 6, maxA: 16, phases },
    clock,
    log,
    callTimeoutMs,
  });
  onTestFinished(() => charger.close());
  const url = `ws://127.0.0.1:${charger.port}/ocpp/`;
  const point = ocppChargePoint({
    url,
    id: "CP1",
    clock,
    ...(options.configuration && { configuration: options.configuration }),
  });
  if (connected) {
    await point.connect();
    await point.send("BootNotification", boot);
  }
  const status = (name: string) => point.send("StatusNotification", { connectorId: 1, errorCode: "NoError", status: name });
  return { clock, log, charger, point, status };
}

it("greets a charger and answers what it begins", async () => {
  const { point, clock } = await bench({ connected: false });
  await point.connect();
  const now = new Date(start).toISOString();
  expect(await point.send("BootNotification", boot)).toEqual({ status: "Accepted", currentTime: now, interval: 60 });
  await clock.advance(1_000);
  expect(await point.send("Heartbeat", {})).toEqual({ currentTime: new Date(start + 1_000).toISOString() });
  expect(await point.send("Authorize", { idTag: "04A1B2" })).toEqual({ idTagInfo: { status: "Accepted" } });
  const begin = { connectorId: 1, idTag: "04A1B2", meterStart: 0, timestamp: now };
  const [first, second] = [await point.send("StartTransaction", begin), await point.send("StartTransaction", begin)];
  expect(first["idTagInfo"]).toEqual({ status: "Accepted" });
  expect(Number(second["transactionId"])).toBeGreaterThan(Number(first["transactionId"]));
  const end = { transactionId: second["transactionId"], meterStop: 5, timestamp: now };
  expect(await point.send("StopTransaction", end)).toEqual({ idTagInfo: { status: "Accepted" } });
  expect(await point.send("DataTransfer", { vendorId: "acme", data: "x" })).toEqual({ status: "UnknownVendorId" });
  expect(await point.send("FirmwareStatusNotification", { status: "Idle" })).toEqual({});
});

it.each([1, 3] as const)("limits %d phases in amperes and reads back what holds", async (phases) => {
  const { charger, point, status } = await bench({ phases });
  await status("Charging");
  await charger.set(charge(10 * 230 * phases));
  expect(point.limit()).toEqual({ limit: 10, unit: "A" });
  expect(await charger.read()).toEqual(charge(10 * 230 * phases));
  await charger.set(off);
  expect([point.limit(), await charger.read()]).toEqual([{ limit: 0, unit: "A" }, off]);
  expect(point.profiles[0]?.chargingSchedule.chargingSchedulePeriod[0]?.numberPhases).toBe(phases);
});

it("limits a charger that takes watts only", async () => {
  const { charger, point, status } = await bench({ configuration: { ChargingScheduleAllowedChargingRateUnit: "Power" } });
  await status("Charging");
  await charger.set(charge(5_001));
  expect([point.limit(), await charger.read()]).toEqual([{ limit: 5_001, unit: "W" }, charge(5_001)]);
});

it("tries watts where the charger does not say which unit it takes and refuses amperes", async () => {
  const { charger, point } = await bench({ configuration: { ChargingScheduleAllowedChargingRateUnit: "Power" } });
  point.instead.set("GetConfiguration", { configurationKey: [] });
  await charger.set(charge(5_000));
  expect(point.limit()).toEqual({ limit: 5_000, unit: "W" });
});

it.each<[string, Record<string, string>]>([
  ["two periods", {}],
  ["one period and two levels", { ChargingScheduleMaxPeriods: "1", ChargeProfileMaxStackLevel: "1" }],
])("falls back by itself when the link is lost, with %s", async (_how, configuration) => {
  const { charger, point, clock, status } = await bench({ configuration });
  await status("Charging");
  await charger.arm(charge(4_140), 120);
  expect([point.limit().limit, charger.keepAliveS]).toEqual([6, 60]);
  await charger.set(charge(11_040));
  await clock.advance(100_000);
  expect(point.limit().limit).toBe(16);
  await charger.set(charge(11_040));
  await clock.advance(100_000);
  expect(point.limit().limit).toBe(16);
  await point.close();
  await clock.advance(21_000);
  expect(point.limit().limit).toBe(6);
  await clock.advance(7 * 86_400_000);
  expect(point.limit().limit).toBe(6);
});

it.each([-50_000, 50_000])("keeps the limit where the charger's clock is %d ms off", async (ahead) => {
  const { charger, point, clock } = await bench();
  point.clockAheadMs = ahead;
  await charger.arm(off, 120);
  await charger.set(charge(6_900));
  expect(point.limit().limit).toBe(10);
  await clock.advance(200_000);
  expect(point.limit().limit).toBe(0);
});

it("says before it is trusted that a charger cannot fall back by itself", async () => {
  const { charger } = await bench({ configuration: { ChargingScheduleMaxPeriods: "1", ChargeProfileMaxStackLevel: "0" } });
  expect(await codeOf(charger.arm(off, 120))).toBe("device-not-following");
  expect(charger.keepAliveS).toBeUndefined();
  expect(await codeOf(charger.set(charge(6_900)))).toBe("done");
});

it("limits a charger that started anew to the failsafe at once", async () => {
  const { charger, point } = await bench();
  await charger.arm(charge(4_140), 120);
  await charger.set(charge(11_040));
  point.profiles = [];
  await point.send("BootNotification", boot);
  await until("it is limited", () => point.limit().limit === 6);
});

it("sends the failsafe with the first setting where it was armed before the charger came", async () => {
  const { charger, point, clock } = await bench({ connected: false });
  expect(await codeOf(charger.arm(charge(4_140), 120))).toBe("device-no-answer");
  await point.connect();
  await charger.set(charge(11_040));
  await clock.advance(121_000);
  expect(point.limit().limit).toBe(6);
});

it("takes the charger's word where it cannot say what holds", async () => {
  const { charger, point, clock, status } = await bench();
  await status("Charging");
  await charger.arm(charge(4_140), 120);
  point.instead.set("GetCompositeSchedule", { status: "Rejected" });
  await charger.set(charge(6_900));
  expect(await charger.read()).toEqual(charge(6_900));
  await clock.advance(120_000);
  expect(await charger.read()).toEqual(charge(4_140));
});

it("cannot say what a charger that cannot say either is set to before it was set", async () => {
  const { charger, point } = await bench();
  point.instead.set("GetCompositeSchedule", { status: "Rejected" });
  expect(await codeOf(charger.read())).toBe("device-no-answer");
});

it("takes the charger's word while no car charges, and looks closely while one does", async () => {
  const { charger, point, status } = await bench();
  point.blind = true;
  await status("Available");
  await charger.set(charge(6_900));
  expect(await charger.read()).toEqual(charge(6_900));
  await status("Charging");
  expect(await charger.read()).toEqual(charge(11_040));
  expect(await codeOf(charger.set(charge(6_900)))).toBe("device-not-following");
});

it("says that a charger refuses limits", async () => {
  const { charger, point } = await bench();
  point.instead.set("SetChargingProfile", { status: "Rejected" });
  await expect(charger.set(charge(6_900))).rejects.toMatchObject({ code: "device-not-following" });
  point.instead.set("SetChargingProfile", { status: "NotSupported" });
  expect(await codeOf(charger.set(off))).toBe("device-not-following");
  point.instead.set("SetChargingProfile", { status: "Maybe" });
  expect(await codeOf(charger.set(off))).toBe("device-not-following");
});

it("says that a charger is not there, is silent, or goes in the middle of a question", async () => {
  const { charger, point } = await bench({ connected: false });
  await expect(charger.set(off)).rejects.toMatchObject({ code: "device-no-answer", temporary: true });
  expect(await codeOf(charger.read())).toBe("device-no-answer");
  await point.connect();
  point.instead.set("SetChargingProfile", undefined);
  expect(await codeOf(charger.set(off))).toBe("device-no-answer");
  const cut = codeOf(charger.set(off));
  const before = point.asked.length;
  await until("it is asked", () => point.asked.slice(before).some(([action]) => action === "SetChargingProfile"));
  await point.close();
  expect(await cut).toBe("device-no-answer");
  point.instead.clear();
  await point.connect();
  expect(await codeOf(charger.set(off))).toBe("done");
});

it("refuses settings that cannot be", async () => {
  const { charger } = await bench();
  expect(await codeOf(charger.set(charge(1_000)))).toBe("device-bad-setting");
  expect(await codeOf(charger.arm(charge(1_000), 120))).toBe("device-bad-setting");
  expect(charger.keepAliveS).toBeUndefined();
});

it("changes nothing in the charger's own configuration", async () => {
  const configuration = { MeterValueSampleInterval: "900", MeterValuesSampledData: "Energy.Active.Import.Register" };
  const { charger, point } = await bench({ configuration });
  await charger.set(off);
  expect(point.asked.map(([action]) => action)).toContain("GetConfiguration");
  expect(point.asked.map(([action]) => action)).not.toContain("ChangeConfiguration");
});

it("knows by a sample of a transaction that a car charges", async () => {
  const { charger, point, clock } = await bench({ connected: false });
  await point.connect();
  point.blind = true;
  await charger.set(charge(6_900));
  expect(await charger.read()).toEqual(charge(6_900));
  const meterValue = [{ timestamp: new Date(clock.now()).toISOString(), sampledValue: [{ value: "7012" }] }];
  await point.send("MeterValues", { connectorId: 1, transactionId: 7, meterValue });
  expect(await charger.read()).toEqual(charge(11_040));
});

it("follows a charger that dials again before its old connection is known to be dead", async () => {
  const { charger, point } = await bench();
  await point.connect();
  await charger.set(charge(6_900));
  expect(point.limit().limit).toBe(10);
});

it("takes its options from YAML, with the password of a file", async () => {
  const folder = scratch("ocpp");
  writeFileSync(join(folder, "key"), "wallbox-secret\n");
  const clock = fakeClock(start);
  const port = await freePort();
  const options = OcppOptions.parse({ listen_port: port, charge_point_id: "CP1", password_file: join(folder, "key"), phases: 1 });
  const given = { name: "garage", clock, log: silentLog() };
  const charger = await ocppChargerOf(options, given);
  onTestFinished(() => charger.close());
  expect(charger.modes[1]).toEqual({ id: "charge", minW: 1_380, maxW: 3_680 });
  const url = `ws://127.0.0.1:${port}/`;
  for (const password of ["wrong", undefined]) {
    const point = ocppChargePoint({ url, id: "CP1", clock, ...(password && { password }) });
    await expect(point.connect()).rejects.toThrow("401");
  }
  await expect(ocppChargePoint({ url, id: "CP2", clock, password: "wallbox-secret" }).connect()).rejects.toThrow("404");
  await ocppChargePoint({ url, id: "CP1", clock, password: "wallbox-secret" }).connect();
  expect(await codeOf(ocppChargerOf(options, given))).toBe("ocpp-cannot-listen");
  const crossed = OcppOptions.parse({ charge_point_id: "CP1", min_current_a: 16, max_current_a: 10 });
  expect(await codeOf(Promise.resolve().then(() => ocppChargerOf(crossed, given)))).toBe("config-invalid");
  expect([
    OcppOptions.parse({ charge_point_id: "a" }).listen_host,
    OcppOptions.safeParse({ charge_point_id: "a/b" }).success,
  ]).toEqual(["127.0.0.1", false]);
});

it("warns where anybody in the network can pass for the charger", async () => {
  const log = silentLog();
  const wiring = { minA: 6, maxA: 16, phases: 3 as const };
  const open = {
    name: "garage",
    host: "0.0.0.0",
    port: 0,
    chargePointId: "CP1",
    connector: 1,
    wiring,
    clock: fakeClock(start),
    log,
  };
  await (await ocppCharger(open)).close();
  expect(log.lines.map(({ message }) => message)).toEqual([
    "charger needs no password: whoever is in its network can pass for it",
  ]);
});
