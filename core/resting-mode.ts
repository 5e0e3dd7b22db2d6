import type { Resource } from "./message/resource.ts";

type Mode = Resource["operationModes"][number];

/**
 * The mode of an appliance that runs by itself: the one that it rests in where that draws, such as SG-Ready's normal, else the
 * one that draws most. Undefined without modes.
 */
export function restingMode({
  operationModes,
  failsafeMode,
}: Pick<Resource, "operationModes" | "failsafeMode">): Mode | undefined {
  const least = Math.min(...operationModes.map(({ powerW }) => powerW));
  const resting = operationModes.find(({ id }) => id === failsafeMode);
  if (resting && resting.powerW > least) return resting;
  return operationModes.toSorted((one, other) => other.powerW - one.powerW)[0];
}
