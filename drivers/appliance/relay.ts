/** A contact that can be closed and read back. */
export interface Relay {
  readonly name: string;
  /** Closes (true) or opens the contact and reads it back. @throws AppError of its bus, or relay-not-switched */
  set(closed: boolean): Promise<void>;
  /** Reads what the device itself says. @throws AppError of its bus */
  isClosed(): Promise<boolean>;
  /**
   * Closes the contact for at most so many ms and reads it back: the device itself opens it then, also when nobody speaks to it
   * any more. Called again before the end it begins anew. Absent where the device has no timer.
   * @param ms up to 3,276,700; rounded down to what the device counts in, and at least one of it
   * @throws AppError of its bus, relay-not-switched, or relay-bad-time where the time is beyond the timer
   */
  closeFor?(ms: number): Promise<void>;
  /** Lets go of what it holds itself; absent where that is nothing. Lines that others share stay open. */
  close?(): void | Promise<void>;
}
