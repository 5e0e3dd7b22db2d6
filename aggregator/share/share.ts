import { AppError } from "../../core/app-error.ts";
import type { Fence } from "../store/lease-store.ts";

/** Which homes this process speaks to and plans; any process may store and receipt what any home sends. */
export interface Share {
  /** A worker's name, which no other has; undefined where there is one process. */
  worker?: string;
  holds(site: string): boolean;
  /** What must be shown to write a plan of a home; undefined where there is one process. @throws AppError lease-lost */
  fenceOf(site: string): Fence | undefined;
  /** Changes whenever homes came to this process: numbers that were reserved before may be below those of another. */
  generation(): number;
}

/** Of one process alone. */
export const wholeShare: Share = { holds: () => true, fenceOf: () => undefined, generation: () => 0 };

/** What came too late: the home is another worker's now. */
export const leaseLost = (site: string): AppError =>
  new AppError("lease-lost", `${site} is another worker's now; what this one had for it is dropped`);
