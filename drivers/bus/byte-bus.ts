/** Serial parameters; a socket ignores them. */
export interface SerialSettings {
  baud: number;
  dataBits: 7 | 8;
  parity: "none" | "even" | "odd";
  stopBits: 1 | 2;
}

/** Settings as people write them, such as "115200 8N1". */
export function settingsText({ baud, dataBits, parity, stopBits }: SerialSettings): string {
  return `${baud} ${dataBits}${parity.charAt(0).toUpperCase()}${stopBits}`;
}

/** Whether two settings make the same line. */
export function sameSettings(one: SerialSettings, other: SerialSettings): boolean {
  return settingsText(one) === settingsText(other);
}

/** Whoever listens to a byte bus. Chunks have no meaning: a telegram may come in any number of them. */
export interface ByteListener {
  data(chunk: Uint8Array): void;
  /** The line opened (again); what was half read is worthless. */
  opened(): void;
  /** The line closed or could not be opened; the bus tries again by itself. */
  closed(reason: string): void;
}

/**
 * A line that bytes come from: a serial port, a PTY, or a socket of a ser2net-like box.
 * It reopens by itself with a delay until closed. Opened once, by the part that wires the process.
 */
export interface ByteBus {
  readonly name: string;
  /** True where configure() cannot change the speed: it is the affair of whatever stands at the other end. */
  readonly fixedSpeed?: boolean;
  open(settings: SerialSettings, listener: ByteListener): void;
  /** Goes over to other parameters; bytes in between may be lost. A socket does nothing. */
  configure(settings: SerialSettings): void;
  /** Sends bytes; those to a line that is not open are lost, which the protocols above notice by the missing answer. */
  write(bytes: Uint8Array): void;
  close(): Promise<void>;
}
