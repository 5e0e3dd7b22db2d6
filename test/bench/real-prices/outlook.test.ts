import { expect, it } from "vitest";
import { causalOutlook } from "../../../bench/real-prices/outlook.ts";
import type { Trial } from "../../../bench/real-prices/trial.ts";
import { madeTrial } from "./made-trial.ts";

/** The same trial with another future: from a slot on nothing is as it was, prices from another slot on. */
function otherFuture(trial: Trial, from: number, pricesFrom: number): Trial {
  const change = (values: readonly number[], at: number): number[] =>
    values.map((value, index) => (index >= trial.before + at ? value * 3 + 7 : value));
  const { all } = trial;
  return {
    ...trial,
    all: {
      ...all,
      importPrice: change(all.importPrice, pricesFrom),
      exportPrice: change(all.exportPrice, pricesFrom),
      baseWh: change(all.baseWh, from),
      pvWh: change(all.pvWh, from),
      drawWh: change(all.drawWh, from),
      outdoorC: change(all.outdoorC, from),
      cop: change(all.cop, from),
    },
    sessions: trial.sessions.filter((session) => session.from <= from),
  };
}

it.each([
  [0, 24],
  [12, 24],
  [13, 48],
  [20, 48],
  [30, 48],
])("at slot %i nothing is known of what comes, but prices until slot %i and the plugged car", (slot, pricedUntil) => {
  const trial = madeTrial();
  const told = causalOutlook(trial)(slot, 36);
  expect(causalOutlook(otherFuture(trial, slot, pricedUntil))(slot, 36)).toEqual(told);
  expect(causalOutlook(otherFuture(trial, slot, pricedUntil - 1))(slot, 36)).not.toEqual(told);
  for (const series of [told.importPrice, told.baseWh, told.pvWh, told.drawWh, told.outdoorC]) expect(series).toHaveLength(36);
  expect(told.sessions.map(({ index }) => index)).toEqual(slot >= 17 && slot < 31 ? [0] : []);
});
