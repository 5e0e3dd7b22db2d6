/**
 * What an appliance is told (S2 OMBC.Instruction): one of its operation modes, and what it may then draw at most, in W.
 * Import is positive; a storage that feeds in has negative power. In a mode with a range the device follows powerW,
 * else it is the rated power of that mode.
 */
export interface Setting {
  readonly mode: string;
  readonly powerW: number;
}

/** One mode of an appliance (S2 OMBC.OperationMode), with the power that it draws, W; minW = maxW where there is no range. */
export interface OperationMode {
  readonly id: string;
  readonly minW: number;
  readonly maxW: number;
}
