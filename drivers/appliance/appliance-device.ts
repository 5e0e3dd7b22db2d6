import type { OperationMode, Setting } from "../../core/setting.ts";

/** An appliance that can be set, of whatever kind; described in the terms of S2. */
export interface ApplianceDevice {
  readonly name: string;
  /** What it can be told, the mode that draws least first. */
  readonly modes: readonly OperationMode[];
  /**
   * Sets it and reads back. Powers between two steps of the device are rounded down.
   * @throws AppError of its bus, or device-not-following where it took the command and reads otherwise
   */
  set(setting: Setting): Promise<void>;
  /** What the device itself says that it is set to. @throws AppError of its bus, or device-no-answer where it cannot say yet */
  read(): Promise<Setting>;
  /** What it draws, by a meter of its own, W; null while it does not say. */
  powerW?(): Promise<number | null>;
  /**
   * Sets the device's own communication timeout, so that it goes to `failsafe` by itself when nobody has spoken to it for so
   * long. Called at start; absent where the device has none.
   */
  arm?(failsafe: Setting, timeoutS: number): Promise<void>;
  /** What it is set to must be set again at least this often, or its own timeout runs; absent where it has none that is armed. */
  readonly keepAliveS?: number | undefined;
}
