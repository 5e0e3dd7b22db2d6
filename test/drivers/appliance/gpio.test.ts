import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { gpioLines, gpioV2, linuxGpioLines } from "../../../drivers/appliance/gpio-lines.ts";
import { GpioOptions, gpioRelay } from "../../../drivers/appliance/gpio.ts";
import { gpioKernel } from "../../fake/gpio-kernel.ts";
import { peer } from "../../fake/peer.ts";
import { scratch } from "../../fake/scratch.ts";

const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "done", errorCode);

function bench(options: { chip?: string; line?: number; activeLow?: boolean } = {}) {
  const { chip = "gpiochip0", line = 17, activeLow = false } = options;
  const kernel = gpioKernel(28);
  const relay = gpioRelay({ name: "boiler", chip, line, activeLow, lines: async () => gpioLines(kernel.system) });
  const [pin = { level: false, direction: "in", holder: null, shorted: false }] = kernel.lines.slice(line);
  return { kernel, relay, pin };
}

it.each([false, true])("closes and opens the contact and reads it back, active low %s", async (activeLow) => {
  const { relay, pin, kernel } = bench({ activeLow });
  await relay.set(true);
  expect([pin.level, pin.direction, await relay.isClosed()]).toEqual([!activeLow, "out", true]);
  await relay.set(false);
  expect([pin.level, await relay.isClosed()]).toEqual([activeLow, false]);
  // Somebody pulls the line.
  pin.level = !activeLow;
  expect(await relay.isClosed()).toBe(true);
  relay.close();
  expect([pin.holder, kernel.open.size]).toEqual([null, 0]);
});

it.each([
  [false, true],
  [true, false],
])("moves nothing before it is told to, level %s, active low %s", async (level, activeLow) => {
  const { relay, pin, kernel } = bench({ activeLow });
  pin.level = level;
  expect(await relay.isClosed()).toBe(level !== activeLow);
  expect([pin.level, pin.direction, pin.holder, kernel.open.size]).toEqual([level, "in", null, 0]);
});

it("says so when the line stays as it was", async () => {
  const { relay, pin } = bench();
  pin.shorted = true;
  expect(await codeOf(relay.set(true))).toBe("relay-not-switched");
});

it.each([
  ["chip", { chip: "gpiochip7" }, "ENOENT"],
  ["line", { line: 99 }, "EINVAL"],
])("says that the %s is not there", async (_what, options, reason) => {
  const { relay, kernel } = bench(options);
  await expect(relay.set(true)).rejects.toMatchObject({
    code: "gpio-unavailable",
    message: expect.stringContaining(reason) as string,
  });
  expect([await codeOf(relay.isClosed()), kernel.open.size]).toEqual(["gpio-unavailable", 0]);
});

it("says that another program has the line, and takes it once that lets go", async () => {
  const { relay, pin } = bench();
  pin.holder = 1;
  await expect(relay.set(true)).rejects.toMatchObject({
    code: "gpio-unavailable",
    temporary: true,
    message: expect.stringContaining("EBUSY") as string,
  });
  pin.holder = null;
  expect([await codeOf(relay.set(true)), pin.level]).toEqual(["done", true]);
});

it("says what to do where the library is missing", async () => {
  const missing = linuxGpioLines(() => Promise.reject(new Error("Cannot find package 'koffi'")));
  await expect(missing).rejects.toMatchObject({
    code: "gpio-unavailable",
    message: expect.stringContaining("npm install koffi") as string,
  });
});

it.skipIf(existsSync("/dev/gpiochip0"))("asks the real kernel, which has no chip here", async () => {
  const relay = gpioRelay({ name: "boiler", chip: "gpiochip0", line: 17, activeLow: false, lines: linuxGpioLines });
  expect([await codeOf(relay.set(true)), await codeOf(relay.isClosed())]).toEqual(["gpio-unavailable", "gpio-unavailable"]);
});

it("reaches the real ioctl, which names its reason", async () => {
  const lines = await linuxGpioLines();
  expect(() => lines.read("/dev/null", 0, false)).toThrow(/ENOTTY/);
});

const gcc = peer("gcc");

it.skipIf(!gcc || !existsSync("/usr/include/linux/gpio.h"))("has the sizes and numbers of the kernel's own header", () => {
  const program = join(scratch("gpio"), "layout");
  const source = String.raw`
    #include <stdio.h>
    #include <stddef.h>
    #include <linux/gpio.h>
    #define R struct gpio_v2_line_request
    #define V struct gpio_v2_line_values
    #define P(name, value) printf("%s\"" name "\":%lu", first++ ? "," : "{", (unsigned long)(value))
    int main(void) {
      int first = 0;
      P("requestBytes", sizeof(R)); P("consumerAt", offsetof(R, consumer)); P("flagsAt", offsetof(R, config.flags));
      P("attributesAt", offsetof(R, config.num_attrs)); P("attributeIdAt", offsetof(R, config.attrs[0].attr.id));
      P("attributeValuesAt", offsetof(R, config.attrs[0].attr.values)); P("attributeMaskAt", offsetof(R, config.attrs[0].mask));
      P("linesAt", offsetof(R, num_lines)); P("descriptorAt", offsetof(R, fd));
      P("valuesBytes", sizeof(V)); P("maskAt", offsetof(V, mask));
      P("getLine", GPIO_V2_GET_LINE_IOCTL); P("getValues", GPIO_V2_LINE_GET_VALUES_IOCTL); P("setValues", GPIO_V2_LINE_SET_VALUES_IOCTL);
      P("activeLow", GPIO_V2_LINE_FLAG_ACTIVE_LOW); P("output", GPIO_V2_LINE_FLAG_OUTPUT);
      P("outputValues", GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES);
      printf("}");
      return 0;
    }`;
  execFileSync(gcc ?? "", ["-x", "c", "-", "-o", program], { input: source });
  expect(JSON.parse(execFileSync(program, { encoding: "utf8" }))).toEqual(gpioV2);
});

it("takes its options from YAML", () => {
  expect(GpioOptions.parse({ line: 17 })).toEqual({ chip: "gpiochip0", line: 17, active: "high" });
  for (const chip of ["../sda", "/dev/../sda", "/etc/x", ""])
    expect(GpioOptions.safeParse({ chip, line: 1 }).success).toBe(false);
});
