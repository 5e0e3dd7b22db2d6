import { expect, it } from "vitest";
import { overriding } from "../../agent/overriding.ts";
import { overrideStore } from "../../agent/store/override-store.ts";
import { errorCode } from "../../core/app-error.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { openStore } from "../fake/open-store.ts";
import { silentLog } from "../fake/silent-log.ts";

it("takes no word back of an appliance that is not there, and says so", () => {
  const [store, clock] = [overrideStore(openStore()), fakeClock(0)];
  const loop = { trigger: () => undefined };
  const { setOverride, clearOverride } = overriding({ store, resources: ["boiler"], loop, clock, log: silentLog() });
  setOverride({ resource: "boiler", mode: "pause", untilMs: 60_000 });
  const codeOf = (resource: string): string => {
    try {
      clearOverride(resource);
      return "cleared";
    } catch (error) {
      return errorCode(error);
    }
  };
  expect([codeOf("biler"), store.all().length]).toEqual(["override-unknown-resource", 1]);
  expect([codeOf("boiler"), store.all().length]).toEqual(["cleared", 0]);
});
