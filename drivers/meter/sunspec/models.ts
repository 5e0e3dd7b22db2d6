import type { Measurement } from "../modbus/measurement.ts";

/** One value of a model. Offsets count in words from the model's id; `scale` is where its power of ten stands. */
export interface Point {
  measurement: Measurement;
  offset: number;
  type: "int16" | "uint16" | "acc32" | "float32";
  unit: "V" | "A" | "W" | "Wh" | "Hz";
  scale?: number;
}

/** What a model measures, and how many words of it are needed, id and length included. */
export interface Model {
  kind: "meter" | "inverter" | "battery";
  points: readonly Point[];
  words: number;
}

type Row = [Measurement, offset: number, Point["unit"], scale?: number];

const phases = ["L1", "L2", "L3"] as const;
/** The same value of each phase, one behind the other. */
const each = (kind: "voltage" | "current" | "power", count: number, offset: number, step: number, scale?: number): Row[] =>
  phases.slice(0, count).map((phase, at): Row => {
    const unit = kind === "voltage" ? "V" : kind === "current" ? "A" : "W";
    const measurement: Measurement = `${kind}${phase}`;
    return scale === undefined ? [measurement, offset + at * step, unit] : [measurement, offset + at * step, unit, scale];
  });

function model(kind: Model["kind"], rows: readonly Row[], typeOf: (row: Row) => Point["type"]): Model {
  const points = rows.map((row): Point => {
    const [measurement, offset, unit, scale] = row;
    return { measurement, offset, unit, type: typeOf(row), ...(scale !== undefined && { scale }) };
  });
  const ends = points.flatMap(({ offset, type, scale = 0 }) => [
    offset + (type === "acc32" || type === "float32" ? 2 : 1),
    scale + 1,
  ]);
  return { kind, points, words: Math.max(...ends) };
}

/** Whole numbers, each kind with its scale factor. */
const integer =
  (figures: "int16" | "uint16") =>
  ([measurement, , unit]: Row): Point["type"] =>
    unit === "Wh" ? "acc32" : measurement === "power" ? "int16" : figures;

const meter = (count: number): Model =>
  model(
    "meter",
    [
      ...each("current", count, 3, 1, 6),
      ...each("voltage", count, 8, 1, 15),
      ["frequency", 16, "Hz", 17],
      ["power", 18, "W", 22],
      ...each("power", count, 19, 1, 22),
      ["export", 38, "Wh", 54],
      ["import", 46, "Wh", 54],
    ],
    integer("int16"),
  );
const floatMeter = (count: number): Model =>
  model(
    "meter",
    [
      ...each("current", count, 4, 2),
      ...each("voltage", count, 12, 2),
      ["frequency", 26, "Hz"],
      ["power", 28, "W"],
      ...each("power", count, 30, 2),
      ["export", 60, "Wh"],
      ["import", 68, "Wh"],
    ],
    () => "float32",
  );
/** What a generator gives is export, and positive in the model. */
const inverter = (count: number): Model =>
  model(
    "inverter",
    [
      ...each("current", count, 3, 1, 6),
      ...each("voltage", count, 10, 1, 13),
      ["power", 14, "W", 15],
      ["frequency", 16, "Hz", 17],
      ["export", 24, "Wh", 26],
    ],
    integer("uint16"),
  );
const floatInverter = (count: number): Model =>
  model(
    "inverter",
    [
      ...each("current", count, 4, 2),
      ...each("voltage", count, 16, 2),
      ["power", 22, "W"],
      ["frequency", 24, "Hz"],
      ["export", 32, "Wh"],
    ],
    () => "float32",
  );
/** Direct current inside of the battery; no counters. */
const battery = model("battery", [["power", 47, "W", 63]], () => "int16");

/**
 * Models that a reading can be made of, by their id. Split phase has two phases. Storage control (124) and MPPT (160) say
 * neither power nor energy at the terminals, so they are walked over.
 * @see SunSpec Alliance, models 101 to 103, 111 to 113, 201 to 204, 211 to 214, 802
 */
export const models: ReadonlyMap<number, Model> = new Map([
  [101, inverter(1)],
  [102, inverter(2)],
  [103, inverter(3)],
  [111, floatInverter(1)],
  [112, floatInverter(2)],
  [113, floatInverter(3)],
  [201, meter(1)],
  [202, meter(2)],
  [203, meter(3)],
  [204, meter(3)],
  [211, floatMeter(1)],
  [212, floatMeter(2)],
  [213, floatMeter(3)],
  [214, floatMeter(3)],
  [802, battery],
]);
