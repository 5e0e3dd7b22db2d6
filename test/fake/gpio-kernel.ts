import type { GpioSystem } from "../../drivers/appliance/gpio-lines.ts";

/** One line as the kernel has it; `level` is physical. */
export interface KernelLine {
  level: boolean;
  direction: "in" | "out";
  holder: number | null;
  /** Held by a wire, whatever is driven. */
  shorted: boolean;
}

/** A kernel with one chip, /dev/gpiochip0, that reads the bytes of linux/gpio.h by its own offsets. */
export function gpioKernel(count: number) {
  const lines = Array.from({ length: count }, (): KernelLine => ({
    level: false,
    direction: "in",
    holder: null,
    shorted: false,
  }));
  const open = new Map<number, { line?: number; activeLow?: boolean }>();
  let next = 10;
  const fresh = (of: { line?: number; activeLow?: boolean }): number => {
    open.set(++next, of);
    return next;
  };
  const drive = (line: KernelLine, active: boolean, activeLow: boolean): void => {
    if (!line.shorted) line.level = active !== activeLow;
  };
  const system: GpioSystem = {
    open(path) {
      if (path !== "/dev/gpiochip0") throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      return fresh({});
    },
    ioctl(descriptor, request, bytes) {
      const file = open.get(descriptor);
      if (!file) throw new Error("EBADF");
      // _IOC(read and write, 0xb4, 7, 592)
      if (request === ((3 << 30) | (592 << 16) | (0xb4 << 8) | 7) >>> 0 && bytes.length === 592) {
        const number = bytes.readUInt32LE(0);
        const flags = bytes.readBigUInt64LE(288);
        const line = lines[number];
        if (!line || bytes.readUInt32LE(560) !== 1) throw new Error("EINVAL");
        if (line.holder !== null) throw new Error("EBUSY");
        const activeLow = (flags & 2n) !== 0n;
        const held = fresh({ line: number, activeLow });
        line.holder = held;
        if ((flags & 8n) !== 0n) {
          line.direction = "out";
          const valued = bytes.readUInt32LE(296) === 1 && bytes.readUInt32LE(320) === 2 && bytes.readBigUInt64LE(336) === 1n;
          drive(line, valued && bytes.readBigUInt64LE(328) === 1n, activeLow);
        }
        bytes.writeInt32LE(held, 588);
        return;
      }
      const line = file.line === undefined ? undefined : lines[file.line];
      if (!line || bytes.length !== 16 || bytes.readBigUInt64LE(8) !== 1n) throw new Error("EINVAL");
      const activeLow = file.activeLow === true;
      if (request === 0xc010b40e) bytes.writeBigUInt64LE(line.level !== activeLow ? 1n : 0n, 0);
      else if (request !== 0xc010b40f) throw new Error("ENOTTY");
      else if (line.direction !== "out") throw new Error("EPERM");
      else drive(line, bytes.readBigUInt64LE(0) === 1n, activeLow);
    },
    close(descriptor) {
      const { line: number } = open.get(descriptor) ?? {};
      const line = number === undefined ? undefined : lines[number];
      if (line?.holder === descriptor) line.holder = null;
      open.delete(descriptor);
    },
  };
  return { system, lines, open };
}
