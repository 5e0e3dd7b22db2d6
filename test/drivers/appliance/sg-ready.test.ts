import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { sgReady } from "../../../drivers/appliance/sg-ready.ts";
import { relayBoard } from "../../fake/relay-board.ts";

const modes = ["lock", "normal", "recommended", "forced"] as const;
/** First and second input, as the label numbers its states. */
const contacts = { lock: "10", normal: "00", recommended: "01", forced: "11" };

async function heatPump() {
  const board = await relayBoard();
  const device = sgReady({ name: "pump", first: board.relay(0), second: board.relay(1), ratedPowerW: 3000 });
  const standsAt = (): string => [0, 1].map((coil) => (board.coils.get(coil) ? "1" : "0")).join("");
  return { board, device, standsAt };
}
const pairs = modes.flatMap((from) => modes.filter((to) => to !== from).map((to) => [from, to] as const));

it.each(pairs)("goes from %s to %s without passing through lock or forced on its way", async (from, to) => {
  const { board, device, standsAt } = await heatPump();
  await device.set({ mode: from, powerW: 0 });
  expect(standsAt()).toBe(contacts[from]);
  const passed: string[] = [];
  const coils = board.coils;
  const set = coils.set.bind(coils);
  coils.set = (coil, on) => {
    set(coil, on);
    passed.push(standsAt());
    return coils;
  };
  await device.set({ mode: to, powerW: 0 });
  expect(standsAt()).toBe(contacts[to]);
  const between = passed.filter((state) => state !== contacts[from] && state !== contacts[to]);
  expect(between.filter((state) => state === contacts.lock || state === contacts.forced)).toEqual([]);
});

it.each(modes)("reads %s back, with what it may draw", async (mode) => {
  const { board, device } = await heatPump();
  board.coils.set(0, contacts[mode][0] === "1").set(1, contacts[mode][1] === "1");
  expect(await device.read()).toEqual({ mode, powerW: mode === "lock" ? 0 : 3000 });
});

it("refuses a mode that SG-Ready does not have", async () => {
  const { device } = await heatPump();
  expect(await device.set({ mode: "constructor", powerW: 0 }).then(() => "set", errorCode)).toBe("device-unknown-mode");
});
