/** A contact that can be closed and read back. */
export interface Relay {
  readonly name: string;
  /** Closes (true) or opens the contact and reads it back. @throws AppError of its bus, or relay-not-switched */
  set(closed: boolean): Promise<void>;
  /** Reads what the device itself says. @throws AppError of its bus */
  isClosed(): Promise<boolean>;
  /** Closes it for at most so long by the device's own timer; renewed by calling again. */
  closeFor?(ms: number): Promise<void>;
}
