import fc from "fast-check";
import { expect, it } from "vitest";
import { localTimeOf } from "../../core/slots.ts";
import { localClock } from "../../planner/local-clock.ts";

it.each(["Europe/Amsterdam", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])(
  "shows what the clocks of %s show",
  (zone) => {
    const clock = localClock(zone);
    fc.assert(
      fc.property(fc.integer({ min: Date.parse("1990-01-01"), max: Date.parse("2040-01-01") }), (atMs) => {
        const { minute, weekend } = clock(atMs);
        const day = new Intl.DateTimeFormat("en-US", { timeZone: zone, weekday: "short" }).format(atMs);
        const [hours, minutes] = [Math.floor(minute / 60), minute % 60];
        expect(`${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`).toBe(localTimeOf(atMs, zone));
        expect(weekend).toBe(day === "Sat" || day === "Sun");
      }),
    );
  },
);
