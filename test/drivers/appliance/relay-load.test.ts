import { expect, it } from "vitest";
import { relayLoad } from "../../../drivers/appliance/relay-load.ts";
import type { Relay } from "../../../drivers/appliance/relay.ts";

/** A contact with a timer of its own. */
function timedContact(): Relay & { said: string[] } {
  const said: string[] = [];
  let closed = false;
  return {
    name: "r1",
    said,
    set: async (close) => {
      closed = close;
      said.push(close ? "close" : "open");
    },
    isClosed: async () => closed,
    closeFor: async (ms) => {
      closed = true;
      said.push(`close for ${ms}`);
    },
  };
}
const on = { mode: "on", powerW: 2000 };
const off = { mode: "off", powerW: 0 };

it("closes for on, opens for off, and reads back what it may draw", async () => {
  const relay = timedContact();
  const load = relayLoad({ name: "boiler", relay, ratedPowerW: 2000 });
  expect(await load.set(on)).toEqual(on);
  expect(await load.read()).toEqual(on);
  await load.set(off);
  expect([await load.read(), relay.said, load.keepAliveS]).toEqual([off, ["close", "open"], undefined]);
});

it("lets a contact with a timer open by itself once it is armed, and says how often it must be told again", async () => {
  const relay = timedContact();
  const load = relayLoad({ name: "boiler", relay, ratedPowerW: 2000 });
  await load.arm?.(off, 300);
  await load.set(on);
  expect([relay.said, load.keepAliveS]).toEqual([["close for 300000"], 100]);
});

it("leaves the timer alone where the safe state is closed: it can only open", async () => {
  const relay = timedContact();
  const load = relayLoad({ name: "pump", relay, ratedPowerW: 2000 });
  await load.arm?.(on, 300);
  await load.set(on);
  expect([relay.said, load.keepAliveS]).toEqual([["close"], undefined]);
});
