import { expect, it } from "vitest";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { openBuses } from "../../agent/open-buses.ts";

it("keeps the speed that the installer wrote at a bus, and says so to drivers that would change it", () => {
  const buses = openBuses(
    new Map([
      ["head", { type: "serial" as const, port: "/dev/none", baud: 300 }],
      ["free", { type: "serial" as const, port: "/dev/nothing" }],
      ["box", { type: "tcp" as const, host: "127.0.0.1", port: 1 }],
    ]),
    fakeClock(0),
  );
  expect(["head", "free", "box"].map((name) => buses.bus(name, "bytes").fixedSpeed)).toEqual([true, false, true]);
});
