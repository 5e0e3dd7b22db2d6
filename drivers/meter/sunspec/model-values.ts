import type { Values } from "../modbus/block-reader.ts";
import { decodeRegister, type Sample } from "../modbus/decode-register.ts";
import type { Measurement } from "../modbus/measurement.ts";
import type { Model, Point } from "./models.ts";

/** Scale factors that the specification allows. */
const mostScale = 10;

/**
 * Values of a model out of its words, id first, read in one request so that value and scale factor belong together.
 * Null where the device has not implemented a point. @see SunSpec Information Model Specification, 4.2
 */
export function modelValues(block: Buffer, { points }: Model): Values {
  const values = new Map<Measurement, Sample | null>();
  for (const point of points) values.set(point.measurement, pointValue(block, point));
  return values;
}

function pointValue(block: Buffer, { offset, type, unit, scale }: Point): Sample | null {
  const at = offset * 2;
  if (type === "float32") return decodeRegister(block.subarray(at), { type: "f32", mul: 1, unit: "" }, "ABCD");
  const raw = rawPoint(block, at, type);
  const exponent = scale === undefined ? 0 : block.readInt16BE(scale * 2);
  if (raw === null || Math.abs(exponent) > mostScale) return null;
  return { raw, exponent, unit };
}

function rawPoint(block: Buffer, at: number, type: Exclude<Point["type"], "float32">): number | null {
  if (type === "int16") return block.readInt16BE(at) === -0x8000 ? null : block.readInt16BE(at);
  if (type === "uint16") return block.readUInt16BE(at) === 0xffff ? null : block.readUInt16BE(at);
  // A counter that is not there says 0; all ones is no count either.
  const raw = block.readUInt32BE(at);
  return raw === 0 || raw === 0xffff_ffff ? null : raw;
}
