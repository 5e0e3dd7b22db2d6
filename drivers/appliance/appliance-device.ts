import type { OperationMode, Setting } from "../../core/setting.ts";

/** An appliance that can be set, of whatever kind; described in the terms of S2. */
export interface ApplianceDevice {
  readonly name: string;
  /** What it can be told, the mode that draws least first. */
  readonly modes: readonly OperationMode[];
  /**
   * Sets it and reads back. Powers between two steps of the device are rounded down.
   * @returns what it read back, where that says all that read() would: then nobody needs to ask again
   * @throws AppError of its bus, or device-not-following where it took the command and reads otherwise
   */
  set(setting: Setting): Promise<Setting | void>;
  /**
   * What the device itself says that it is set to.
   * @throws AppError of its bus, device-no-answer where it cannot say yet, device-bad-answer where it says what cannot be, or
   * device-foreign-setting where it is set to something that is none of its modes
   */
  read(): Promise<Setting>;
  /** How full its storage is, percent of what it can hold, 0 to 100; null while it does not say. */
  stateOfCharge?(): Promise<number | null>;
  /**
   * Sets the device's own communication timeout, so that it goes to `failsafe` by itself when nobody has spoken to it for so
   * long. Called at start; absent where the device has none. A device whose longest timeout is shorter takes that one.
   * @throws AppError of its bus, or device-cannot-arm where the device cannot hold this failsafe or a timeout so short
   */
  arm?(failsafe: Setting, timeoutS: number): Promise<void>;
  /**
   * set() has to be called again within so many seconds, also where nothing changes, or the device goes to its failsafe: a
   * third or a half of the timeout that arm() set, a fixed time where only its installer can set one. Undefined where it keeps a setting for good; arm() changes it.
   */
  readonly keepAliveS?: number | undefined;
  /** Lets go of what it holds itself; absent where that is nothing. Lines that others share stay open. */
  close?(): void | Promise<void>;
}
