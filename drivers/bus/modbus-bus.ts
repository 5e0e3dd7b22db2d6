import { AppError } from "../../core/app-error.ts";

/**
 * One Modbus line, RTU or TCP, with one owner: requests wait in a queue, one at a time, each with a timeout.
 * Addresses are 0-based as on the wire. It reconnects by itself at the next request.
 * Every call throws AppError: modbus-timeout, modbus-exception, modbus-unreachable, modbus-closed,
 * and modbus-bad-reply where an answer is damaged or does not fit the question. The last and modbus-timeout are a
 * FrameError with the bytes that came.
 */
export interface ModbusBus {
  readonly name: string;
  /** Function 3. Two bytes a register, high byte first. */
  readHoldingRegisters(unit: number, address: number, count: number): Promise<Buffer>;
  /** Function 4. */
  readInputRegisters(unit: number, address: number, count: number): Promise<Buffer>;
  /** Function 1. */
  readCoils(unit: number, address: number, count: number): Promise<boolean[]>;
  /** Function 5. */
  writeCoil(unit: number, address: number, on: boolean): Promise<void>;
  /** Function 5 with any word instead of on or off, which the standard does not know and some relay boards take as a time. */
  writeCoilWord(unit: number, address: number, word: number): Promise<void>;
  /** Function 6. */
  writeRegister(unit: number, address: number, value: number): Promise<void>;
  /** Function 16; words of 16 bits, the first goes to the lowest address. */
  writeRegisters(unit: number, address: number, words: readonly number[]): Promise<void>;
  /** Function 2. */
  readDiscreteInputs(unit: number, address: number, count: number): Promise<boolean[]>;
  close(): Promise<void>;
}

/** A line that could not be opened at all, told from one that was lost later. */
export class ModbusUnopened extends AppError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super("modbus-unreachable", message, { temporary: true, ...options });
  }
}

/** A unit's own refusal: the line works, the question was wrong for this device. */
export class ModbusException extends AppError {
  /** 1 function, 2 address, 3 value, 4 failure, 11 no such unit behind the gateway. @see MODBUS V1.1b3, chapter 7 */
  readonly exception: number;
  constructor(exception: number, message: string, options: { cause?: unknown } = {}) {
    super("modbus-exception", message, options);
    this.exception = exception;
  }
}
