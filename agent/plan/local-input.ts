import type { InstructionList } from "../../core/message/instruction.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Demand } from "../../core/message/resource.ts";
import type { TradedSlot } from "../../core/message/traded.ts";
import type { Slot } from "../../core/slots.ts";
import type { ApplianceModel } from "../config/appliance-model.ts";
import type { Planned } from "./intent.ts";
import type { Override } from "./override.ts";

/** An appliance that the house plans by itself. */
export type LocalAppliance = Planned & {
  demand: Demand | null;
  model: ApplianceModel | null;
  minOnMs: number;
  minOffMs: number;
  /** It may be kept from drawing for so long at a time; null where that has no limit. */
  maxOffMs: number | null;
};

/** How full a store is at present; absent while nobody knows. */
export interface Stored {
  temperatureC?: number;
  /** State of charge. */
  percent?: number;
}

/** What is foretold for each of the slots asked for. */
export interface LocalForecast {
  /** What the house draws apart from its appliances, W. */
  baseW(slots: readonly Slot[]): readonly number[];
  /** What its panels give, W. */
  pvW(slots: readonly Slot[]): readonly number[];
  /** Outside temperature, °C; null where nobody says it. */
  outdoorC(slots: readonly Slot[]): readonly number[] | null;
  /** Heat that people take from a tank, Wh. */
  drawWh(resource: string, slots: readonly Slot[]): readonly number[];
  /** Share of such days on which a car is there at that time, 0 to 1. */
  presentShare(resource: string, slots: readonly Slot[]): readonly number[];
}

/** What the house plans by itself with. */
export interface LocalPlanInput {
  appliances: readonly LocalAppliance[];
  /** In order of announcement. */
  prices: readonly PriceSeries[];
  /** Already given in the demand window under way, Wh; less than nothing where more is missing than the demand says. */
  deliveredWh: (resource: string) => number;
  stored: (resource: string) => Stored;
  forecast: LocalForecast;
  /** What the residents said: the plan works around it. */
  overrides: readonly Override[];
  nowMs: number;
  slotMinutes: number;
  zone: string;
  maxImportW: number;
  /** Peak that is paid for, and what a kW above it costs; null where none is charged for, or none is to be passed. */
  peak: { paidW: number; pricePerKw: number } | null;
  /** Whether an appliance drew when it was switched last, and since when; undefined where it never was. */
  standing: (resource: string) => { on: boolean; sinceMs: number } | undefined;
  /** What the house traded at an exchange. Left out: nothing. */
  traded?: readonly TradedSlot[];
  /** The plan in force: kept where a new one is hardly better. */
  previous?: ReadonlyMap<string, InstructionList> | undefined;
}
