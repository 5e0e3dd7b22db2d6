import { expect, it } from "vitest";
import { overrideStore } from "../../../agent/store/override-store.ts";
import { openStore } from "../../fake/open-store.ts";

it("keeps the newest word on each appliance", () => {
  const store = overrideStore(openStore());
  store.set({ resource: "boiler", mode: "boost", fromMs: 1, untilMs: 10 });
  store.set({ resource: "car", mode: "pause", fromMs: 2, untilMs: 20 });
  store.set({ resource: "boiler", mode: "holiday", fromMs: 3, untilMs: 30 });
  expect(store.all()).toEqual([
    { resource: "boiler", mode: "holiday", fromMs: 3, untilMs: 30 },
    { resource: "car", mode: "pause", fromMs: 2, untilMs: 20 },
  ]);
  store.clear("boiler");
  expect(store.all().map(({ resource }) => resource)).toEqual(["car"]);
});
