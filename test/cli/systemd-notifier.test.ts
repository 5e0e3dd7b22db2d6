import { join } from "node:path";
import { expect, it } from "vitest";
import { systemdNotifier } from "../../cli/systemd-notifier.ts";
import { peer } from "../fake/peer.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { fakeNotify } from "./fake-notify.ts";

const real = peer("systemd-notify");

it("tells systemd-notify of ready, alive and stopping, for this process", async () => {
  const notify = fakeNotify();
  const log = silentLog();
  const notifier = systemdNotifier({ ...notify.env, WATCHDOG_USEC: "60000000" }, log);
  await notifier.ready();
  const pid = `--pid=${process.pid}`;
  expect(notify.calls()).toEqual([`${pid} --ready`]);
  notifier.alive();
  await until("the ping was recorded", () => notify.calls().length === 2);
  notifier.stopping();
  await until("the stop was recorded", () => notify.calls().length === 3);
  expect(notify.calls().slice(1)).toEqual([`${pid} WATCHDOG=1`, `${pid} STOPPING=1`]);
  expect(notifier.pingMs).toBe(20_000);
  expect(log.lines).toEqual([]);
});

it("does nothing without NOTIFY_SOCKET", async () => {
  const notify = fakeNotify();
  const { NOTIFY_SOCKET: _, ...env } = notify.env;
  const notifier = systemdNotifier(env, silentLog());
  await notifier.ready();
  notifier.alive();
  notifier.stopping();
  expect(notifier.pingMs).toBe(10_000);
  expect(notify.calls()).toEqual([]);
});

it("fails at ready with notify-failed, and only warns later", async () => {
  const notify = fakeNotify({ exit: 1 });
  const log = silentLog();
  const notifier = systemdNotifier(notify.env, log);
  await expect(notifier.ready()).rejects.toMatchObject({ code: "notify-failed" });
  notifier.alive();
  await until("the failure was logged", () => log.lines.length === 1);
  expect(log.lines).toMatchObject([{ level: "warn", message: "systemd-notify failed" }]);
});

it.skipIf(!real)("says nothing that the systemd-notify of this system does not understand", async () => {
  const folder = scratch("notify");
  const log = silentLog();
  // Nobody listens at the socket, so every call fails; what counts is that none fails for its words.
  const notifier = systemdNotifier({ PATH: process.env["PATH"], NOTIFY_SOCKET: join(folder, "nobody") }, log);
  const first = await notifier.ready().catch((error: unknown) => String(error));
  notifier.alive();
  notifier.stopping();
  await until("both were tried", () => log.lines.length === 2);
  const said = [String(first), ...log.lines.map(({ fields }) => String(fields["error"]))].join("\n");
  expect(said).not.toMatch(/unrecognized option|invalid option/);
});
