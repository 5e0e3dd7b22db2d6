import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import type { GpioLines, GpioOutput } from "./gpio-lines.ts";
import type { Relay } from "./relay.ts";

/** Options in YAML. `active` is the level at which the contact is closed. */
export const GpioOptions = z.strictObject({
  /** As under /dev; the pins of a Raspberry Pi are on gpiochip0. */
  chip: z
    .string()
    .regex(/^(\/dev\/)?[A-Za-z0-9_-]+$/)
    .default("gpiochip0"),
  /** Offset of the line on its chip, which on a Raspberry Pi is the number of the GPIO, not of the pin. */
  line: z.int().min(0).max(1023),
  active: z.enum(["high", "low"]).default("high"),
});

/** A contact on a GPIO line; whoever made it releases it. */
export interface GpioRelay extends Relay {
  /** Lets the line go; most chips keep its level. */
  close(): void;
}

/**
 * A contact on a line of the Linux character device. The line is taken at the first switching, with the level that is
 * wanted, so that a start of the program moves nothing; until then it is read as it is.
 * @param options.lines loaded at the first use
 */
export function gpioRelay(options: {
  name: string;
  chip: string;
  line: number;
  activeLow: boolean;
  lines: () => Promise<GpioLines>;
}): GpioRelay {
  const { name, chip, line, activeLow } = options;
  let loaded: Promise<GpioLines> | undefined;
  let held: GpioOutput | undefined;
  const lines = (): Promise<GpioLines> => {
    loaded ??= options.lines();
    return loaded;
  };
  return {
    name,
    async set(closed) {
      const able = await lines();
      if (held) held.set(closed);
      else held = able.output(chip, line, { activeLow, active: closed });
      if (held.get() !== closed)
        throw new AppError(
          "relay-not-switched",
          `relay ${name} (line ${line} of ${chip}) was set but reads ${closed ? "open" : "closed"}; is the line shorted?`,
          { temporary: true },
        );
    },
    async isClosed() {
      const able = await lines();
      return held ? held.get() : able.read(chip, line, activeLow);
    },
    close() {
      held?.release();
      held = undefined;
    },
  };
}
