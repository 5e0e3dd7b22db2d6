import { constants, closeSync, openSync } from "node:fs";
import { AppError, errorMessage } from "../../core/app-error.ts";

/** A line that is held as an output. */
export interface GpioOutput {
  set(active: boolean): void;
  /** The level of the line itself. */
  get(): boolean;
  release(): void;
}

/** Lines of the Linux character device. Every call throws AppError gpio-unavailable. */
export interface GpioLines {
  /** Reads a line as it is, without changing its direction. */
  read(chip: string, line: number, activeLow: boolean): boolean;
  /** Takes a line for itself as an output with this level. */
  output(chip: string, line: number, options: { activeLow: boolean; active: boolean }): GpioOutput;
}

/** The system calls behind it; a file descriptor each. */
export interface GpioSystem {
  open(path: string): number;
  /** Changes the bytes in place. @throws Error with the reason */
  ioctl(descriptor: number, request: number, bytes: Buffer): void;
  close(descriptor: number): void;
}

/**
 * Sizes, offsets and numbers of the kernel's second interface, which is the same on all machines of 32 and 64 bits.
 * @see linux/gpio.h, since Linux 5.10: struct gpio_v2_line_request and gpio_v2_line_values
 */
export const gpioV2 = {
  requestBytes: 592,
  consumerAt: 256,
  flagsAt: 288,
  attributesAt: 296,
  attributeIdAt: 320,
  attributeValuesAt: 328,
  attributeMaskAt: 336,
  linesAt: 560,
  descriptorAt: 588,
  valuesBytes: 16,
  maskAt: 8,
  getLine: 0xc250b407,
  getValues: 0xc010b40e,
  setValues: 0xc010b40f,
  activeLow: 2,
  output: 8,
  outputValues: 2,
} as const;

/** Lines through these system calls. */
export function gpioLines(system: GpioSystem): GpioLines {
  const failed = (chip: string, line: number, cause: unknown): AppError =>
    new AppError(
      "gpio-unavailable",
      `line ${line} of ${chip} cannot be used (${errorMessage(cause)}); check chip and line with gpioinfo, the group gpio, and that no other program has it`,
      { temporary: true, cause },
    );
  /** The line's own descriptor. */
  const take = (chip: string, line: number, flags: number, active?: boolean): number => {
    const bytes = Buffer.alloc(gpioV2.requestBytes);
    bytes.writeUInt32LE(line, 0);
    bytes.write("smart-mla", gpioV2.consumerAt, "ascii");
    bytes.writeUInt32LE(flags, gpioV2.flagsAt);
    bytes.writeUInt32LE(1, gpioV2.linesAt);
    if (active !== undefined) {
      bytes.writeUInt32LE(1, gpioV2.attributesAt);
      bytes.writeUInt32LE(gpioV2.outputValues, gpioV2.attributeIdAt);
      bytes.writeUInt32LE(active ? 1 : 0, gpioV2.attributeValuesAt);
      bytes.writeUInt32LE(1, gpioV2.attributeMaskAt);
    }
    let opened: number | undefined;
    try {
      opened = system.open(chip.startsWith("/") ? chip : `/dev/${chip}`);
      system.ioctl(opened, gpioV2.getLine, bytes);
      return bytes.readInt32LE(gpioV2.descriptorAt);
    } catch (cause) {
      throw failed(chip, line, cause);
    } finally {
      if (opened !== undefined) system.close(opened);
    }
  };
  const values = (descriptor: number, request: number, active: boolean): boolean => {
    const bytes = Buffer.alloc(gpioV2.valuesBytes);
    bytes.writeUInt32LE(active ? 1 : 0, 0);
    bytes.writeUInt32LE(1, gpioV2.maskAt);
    system.ioctl(descriptor, request, bytes);
    return (bytes.readUInt32LE(0) & 1) === 1;
  };
  const lowFlag = (activeLow: boolean): number => (activeLow ? gpioV2.activeLow : 0);
  return {
    read(chip, line, activeLow) {
      const held = take(chip, line, lowFlag(activeLow));
      try {
        return values(held, gpioV2.getValues, false);
      } catch (cause) {
        throw failed(chip, line, cause);
      } finally {
        system.close(held);
      }
    },
    output(chip, line, { activeLow, active }) {
      const held = take(chip, line, gpioV2.output | lowFlag(activeLow), active);
      const call = (request: number, level: boolean): boolean => {
        try {
          return values(held, request, level);
        } catch (cause) {
          throw failed(chip, line, cause);
        }
      };
      return {
        set: (level) => void call(gpioV2.setValues, level),
        get: () => call(gpioV2.getValues, false),
        release: () => system.close(held),
      };
    },
  };
}

/**
 * Lines of this machine, by the library koffi: Node has no ioctl of its own.
 * @param load gives the library; the optional package by itself
 * @throws AppError gpio-unavailable where it is missing
 */
export async function linuxGpioLines(load: () => Promise<typeof import("koffi")> = () => import("koffi")): Promise<GpioLines> {
  try {
    const { default: koffi } = await load();
    const call = koffi.load("libc.so.6").func("int ioctl(int descriptor, unsigned long request, ...)");
    return gpioLines({
      open: (path) => openSync(path, constants.O_RDWR),
      ioctl(descriptor, request, bytes) {
        if (call(descriptor, request, "void *", bytes) === -1) {
          const number = koffi.errno();
          const [name = number] = Object.entries(koffi.os.errno).find(([, value]) => value === number) ?? [];
          throw new Error(String(name));
        }
      },
      close: closeSync,
    });
  } catch (cause) {
    throw new AppError(
      "gpio-unavailable",
      `GPIO needs Linux and the optional package koffi, which does not load here (${errorMessage(cause)}); npm install koffi`,
      { cause },
    );
  }
}
