import { describe, expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../../core/app-error.ts";
import { modbusSerialBus } from "../../../../drivers/bus/modbus-serial-bus.ts";
import { families } from "../../../../drivers/meter/modbus/families.ts";
import type { FamilyName } from "../../../../drivers/meter/modbus/family-names.ts";
import type { Measurement } from "../../../../drivers/meter/modbus/measurement.ts";
import { modbusMeter } from "../../../../drivers/meter/modbus/modbus-meter.ts";
import type { RegisterMap } from "../../../../drivers/meter/modbus/register-map.ts";
import { registerImage, type RegisterImage } from "../../../../simulator/modbus/register-image.ts";
import { modbusSlave } from "../../../fake/modbus-slave.ts";

type Figures = Partial<Record<Measurement, number>>;

/** Words of a family with these values, in its own order of words or another; the rest is 0. */
function image(family: FamilyName, figures: Figures, order?: "ABCD" | "CDAB"): RegisterImage {
  const map: RegisterMap = families[family];
  return registerImage(
    map.registers.map((register) => ({
      ...register,
      value: figures[register.measurement] ?? 0,
      ...(order && { order }),
    })),
  );
}

/** A unit 3 that holds an image. `said` may change it, refuse a request by an exception, or be silent. */
async function line(said: (request: { address: number; count: number; poll: number }) => RegisterImage | number | undefined) {
  const asked: number[][] = [];
  const slave = await modbusSlave("tcp", (request) => {
    const [unit = 0, code = 0] = request;
    const [address, count] = [request.readUInt16BE(2), request.readUInt16BE(4)];
    asked.push([code, address, count]);
    const answer = said({ address, count, poll: asked.length });
    if (answer === undefined) return undefined;
    if (typeof answer === "number") return Buffer.from([unit, code | 0x80, answer]);
    const reply = Buffer.alloc(3 + count * 2);
    reply.set([unit, code, count * 2]);
    for (let at = 0; at < count; at++) reply.writeUInt16BE(answer.get(address + at) ?? 0, 3 + at * 2);
    return reply;
  });
  onTestFinished(() => slave.close());
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: slave.port }, { timeoutMs: 600 });
  onTestFinished(() => bus.close());
  return { asked, bus };
}

function meter(
  { bus }: Awaited<ReturnType<typeof line>>,
  family: FamilyName,
  options: Partial<Parameters<typeof modbusMeter>[0]> = {},
) {
  let receivedMs = 0;
  const stamp = () => ({ receivedMs: (receivedMs += 5000), clockSynced: true });
  return modbusMeter({ name: "m", bus, stamp, family, unit: 3, pollMs: 5000, ...options });
}
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "read", errorCode);

const abb: Figures = {
  voltageL1: 229.8,
  voltageL2: 230.1,
  voltageL3: 231,
  currentL1: 3.51,
  power: 1200.35,
  powerL1: 800.3,
  powerL2: 400.05,
  frequency: 50.01,
  import: 54_321.98,
  export: 12.34,
};

describe("reads", () => {
  it("only what a reading needs, in few requests, and counters from the second poll on", async () => {
    const at = await line(() => image("abb_b", abb));
    const pump = meter(at, "abb_b");
    expect(await pump.read()).toMatchObject({ importWh: null, exportWh: null, powerW: 1200, quality: "valid" });
    expect(await pump.read()).toEqual({
      meter: "m",
      meterId: null,
      receivedMs: 10_000,
      meterMs: null,
      clockSynced: true,
      quality: "valid",
      importWh: 54_321_980,
      exportWh: 12_340,
      tariffs: {},
      powerW: 1200,
      phases: [
        { voltageV: 229.8, currentA: 3.51, powerW: 800 },
        { voltageV: 230.1, currentA: 0, powerW: 400 },
        { voltageV: 231, currentA: 0, powerW: 0 },
      ],
      subMeters: [],
    });
    expect(at.asked.slice(0, 2)).toEqual([
      [3, 0x5000, 8],
      [3, 0x5b00, 45],
    ]);
    expect(at.asked.length).toBe(4);
  });

  it("power in W from registers in kW and scaled whole numbers", async () => {
    expect(await meter(await line(() => image("iem3000", { power: 1234.5 })), "iem3000").read()).toMatchObject({ powerW: 1235 });
    expect(await meter(await line(() => image("sbc_ale3", { power: 1.23 })), "sbc_ale3").read()).toMatchObject({ powerW: 1230 });
    expect(await meter(await line(() => image("socomec_3ph", { power: -770 })), "socomec_3ph").read()).toMatchObject({
      powerW: -770,
      importWh: null,
    });
  });

  it("power of a meter without sign as import less export", async () => {
    const at = await line(() => image("dzg_dvh4013", { importPower: 100, exportPower: 350.5, voltageL1: 230 }));
    expect(await meter(at, "dzg_dvh4013").read()).toMatchObject({ powerW: -251 });
  });

  it("tariffs where both directions have them", async () => {
    const at = await line(() => image("orno_we516", { importT1: 1, importT2: 2, exportT1: 0.5, exportT2: 0.25, import: 3 }));
    expect((await meter(at, "orno_we516").read()).tariffs).toEqual({
      1: { importWh: 1000, exportWh: 500 },
      2: { importWh: 2000, exportWh: 250 },
    });
    expect((await meter(await line(() => image("inepro_pro380", { importT1: 1 })), "inepro_pro380").read()).tariffs).toEqual({});
  });

  it("one phase as one phase, and no phases where there are only totals", async () => {
    const one = await line(() => image("ws100", { voltage: 230.5, current: 2, power: 461 }));
    expect((await meter(one, "ws100").read()).phases).toEqual([{ voltageV: 230.5, currentA: 2, powerW: 461 }]);
    expect((await meter(await line(() => image("sdm72", { power: 5 })), "sdm72").read()).phases).toEqual([]);
  });

  it("a counter of both directions as import only where the installer says that nothing feeds in", async () => {
    const at = await line(() => image("orno_we504", { voltage: 230, power: 500, sum: 12.345 }));
    const [careful, told] = [meter(at, "orno_we504"), meter(at, "orno_we504", { oneWay: true })];
    for (const each of [careful, told]) await each.read();
    expect([(await careful.read()).importWh, (await told.read()).importWh]).toEqual([null, 12_345]);
    const both = meter(await line(() => image("ws100", { import: 1, sum: 9 })), "ws100", { oneWay: true, counters: "at-once" });
    expect((await both.read()).importWh).toBe(1000);
  });

  it("a counter and a power without sign as taken from the grid where nothing feeds in, whichever way they are installed", async () => {
    for (const family of ["orno_we504", "orno_we515"] as const) {
      const at = await line(() => image(family, { voltage: 230, power: 500, sum: 12.34 }));
      const options = { reversed: true, oneWay: true, counters: "at-once" } as const;
      expect(await meter(at, family, options).read()).toMatchObject({ importWh: 12_340, exportWh: null, powerW: 500 });
      expect((await meter(at, family, { reversed: true }).read()).powerW).toBe(-500);
    }
  });

  it("a meter that is installed the other way round", async () => {
    const reversed = meter(await line(() => image("abb_b", abb)), "abb_b", { reversed: true, counters: "at-once" });
    expect(await reversed.read()).toMatchObject({
      powerW: -1200,
      importWh: 12_340,
      exportWh: 54_321_980,
      phases: [{ powerW: -800, voltageV: 229.8 }, { powerW: -400 }, { powerW: 0 }],
    });
  });
});

describe("order of words", () => {
  const figures: Record<"cg_em11x" | "dtsu666", Figures> = {
    cg_em11x: { voltage: 229.9, power: 1500, import: 100.5, frequency: 50 },
    dtsu666: { voltageL1: 229.9, voltageL2: 230, voltageL3: 231, power: 1500, import: 100.5, frequency: 50 },
  };
  for (const family of ["cg_em11x", "dtsu666"] as const)
    for (const order of ["ABCD", "CDAB"] as const) {
      it(`${family}: ${order} is found by the voltage and kept`, async () => {
        const one = meter(await line(() => image(family, figures[family], order)), family);
        expect(one.wordOrder()).toBeUndefined();
        expect(await one.read()).toMatchObject({ powerW: 1500, quality: "valid" });
        expect(one.wordOrder()).toBe(order);
        expect(await one.read()).toMatchObject({ powerW: 1500, importWh: 100_500 });
      });

      it(`${family}: ${order} is believed when it is told`, async () => {
        const one = meter(await line(() => image(family, figures[family], order)), family, { order });
        expect([one.wordOrder(), (await one.read()).powerW]).toEqual([order, 1500]);
      });
    }

  it("stays open, and the reading suspect, while no voltage decides", async () => {
    let figuresNow: Figures = { voltage: 0, power: 1500, import: 1 };
    const one = meter(await line(() => image("cg_em11x", figuresNow, "CDAB")), "cg_em11x");
    expect((await one.read()).quality).toBe("suspect");
    expect(one.wordOrder()).toBeUndefined();
    figuresNow = { ...figuresNow, voltage: 231 };
    expect((await one.read()).quality).toBe("valid");
    expect(one.wordOrder()).toBe("CDAB");
    figuresNow = { ...figuresNow, voltage: 0, power: 7 };
    expect(await one.read()).toMatchObject({ quality: "valid", powerW: 7 });
  });

  it("is that of the family where nothing is in doubt", async () => {
    expect(meter(await line(() => 2), "cg_em24").wordOrder()).toBe("CDAB");
  });
});

describe("holes", () => {
  const lacking = (words: readonly number[], exception: number) => {
    const full = image("abb_b", abb);
    return line(({ address, count }) => (words.some((word) => word >= address && word < address + count) ? exception : full));
  };

  it.each([2, 3])("are found by cutting after exception %i, once", async (exception) => {
    const at = await lacking([0x5b06, 0x5b12], exception);
    const one = meter(at, "abb_b", { counters: "at-once" });
    expect(await one.read()).toMatchObject({ powerW: 1200, importWh: 54_321_980 });
    const first = at.asked.length;
    expect(await one.read()).toMatchObject({
      powerW: 1200,
      phases: [{ voltageV: 229.8 }, { voltageV: 230.1 }, { voltageV: 231 }],
    });
    const second = at.asked.slice(first);
    expect(second.length).toBeLessThan(first);
    expect(second.some(([, address = 0, count = 0]) => address <= 0x5b06 && address + count > 0x5b06)).toBe(false);
  });

  /** A device that refuses its export counter while `there` is false. */
  const withoutExport = async () => {
    const state = { there: false };
    const full = image("abb_b", abb);
    const at = await line(({ address, count }) => (!state.there && address <= 0x5004 && address + count > 0x5004 ? 2 : full));
    return { state, at, one: meter(at, "abb_b", { counters: "at-once" }) };
  };
  const asksForExport = (asked: readonly number[][]): boolean => asked.some(([, address]) => address === 0x5004);

  it("leave out a register that is not there for a moment, and the next poll has it again, soon in as few requests", async () => {
    const { state, at, one } = await withoutExport();
    expect(await one.read()).toMatchObject({ importWh: 54_321_980, exportWh: null });
    state.there = true;
    expect(await one.read()).toMatchObject({ importWh: 54_321_980, exportWh: 12_340 });
    at.asked.length = 0;
    await one.read();
    expect(at.asked.length).toBe(2);
  });

  it("of a counter are said once, and it is asked for after 1, 2, 4 polls and so on, at last every 500", async () => {
    const { state, at, one } = await withoutExport();
    const tries: number[] = [];
    const said: number[] = [];
    for (let poll = 0; poll < 2100; poll++) {
      at.asked.length = 0;
      await one.read().then(
        ({ quality }) => expect(quality).toBe("valid"),
        (error: unknown) => {
          said.push(poll);
          expect(errorCode(error)).toBe("modbus-counter-refused");
          expect(String(error)).toContain("export (register 20484)");
        },
      );
      if (poll > 0 && asksForExport(at.asked)) tries.push(poll);
    }
    expect(said).toEqual([1]);
    expect(tries).toEqual([1, 3, 7, 15, 31, 63, 127, 255, 511, 1011, 1511, 2011]);
    state.there = true;
    for (let poll = 2100; poll < 2511; poll++) expect((await one.read()).exportWh).toBeNull();
    expect((await one.read()).exportWh).toBe(12_340);
    state.there = false;
    expect((await one.read()).exportWh).toBeNull();
    expect(await codeOf(one.read())).toBe("modbus-counter-refused");
    expect(await one.read()).toMatchObject({ importWh: 54_321_980, exportWh: null });
  });

  it("of other registers are not said, and are kept through a poll that fails", async () => {
    let silent = false;
    const full = image("abb_b", abb);
    const at = await line(({ address, count }) => {
      if (silent) return undefined;
      return address <= 0x5b00 && address + count > 0x5b00 ? 2 : full;
    });
    const one = meter(at, "abb_b", { counters: "at-once" });
    await one.read();
    silent = true;
    expect(await codeOf(one.read())).toBe("modbus-timeout");
    silent = false;
    at.asked.length = 0;
    await one.read();
    expect(at.asked.filter(([, address]) => address === 0x5b00).length).toBe(1);
    for (let poll = 0; poll < 10; poll++) expect(await one.read()).toMatchObject({ importWh: 54_321_980, phases: [{}, {}, {}] });
    expect(at.asked.filter(([, address]) => address === 0x5b00).length).toBeLessThan(6);
  });

  it("are not learned from a device that refuses everything", async () => {
    let ready = false;
    const at = await line(() => (ready ? image("abb_b", abb) : 2));
    const one = meter(at, "abb_b");
    expect(await codeOf(one.read())).toBe("modbus-exception");
    ready = true;
    const before = at.asked.length;
    expect((await one.read()).powerW).toBe(1200);
    expect(at.asked.length - before).toBe(2);
  });

  it("are not looked for after any other exception", async () => {
    const at = await line(() => 4);
    expect(await codeOf(meter(at, "abb_b").read())).toBe("modbus-exception");
    expect(at.asked.length).toBe(1);
  });
});

describe("lies", () => {
  it("one timeout ends the poll, and the next poll starts anew", async () => {
    let silent = true;
    const at = await line(() => (silent ? undefined : image("abb_b", abb)));
    const one = meter(at, "abb_b");
    expect(await codeOf(one.read())).toBe("modbus-timeout");
    expect(at.asked.length).toBe(1);
    silent = false;
    expect((await one.read()).powerW).toBe(1200);
  });

  it("a silence in the middle of a poll gives no half reading", async () => {
    const at = await line(({ poll }) => (poll === 2 ? undefined : image("abb_b", abb)));
    expect(await codeOf(meter(at, "abb_b").read())).toBe("modbus-timeout");
  });

  it.each<[string, FamilyName, Figures, string]>([
    ["an endless power", "sdm120", { power: Infinity, import: 1 }, "meter-impossible-reading"],
    ["an endless voltage", "sdm120", { voltage: Infinity, import: 1 }, "meter-impossible-reading"],
    ["a negative counter", "cg_em24", { import: -0.1, voltageL1: 230 }, "meter-impossible-reading"],
    ["nothing but NaN", "sdm72", { power: NaN, import: NaN, export: NaN }, "meter-impossible-reading"],
  ])("%s is refused", async (_, family, figures, code) => {
    expect(await codeOf(meter(await line(() => image(family, figures)), family).read())).toBe(code);
  });

  it("what the meter says it does not know is left out", async () => {
    const ones = new Map(Array.from({ length: 0x6000 }, (_, at) => [at, 0xffff] as const));
    const at = await line(({ address }) => (address === 0x5000 ? ones : image("abb_b", abb)));
    expect(await meter(at, "abb_b", { counters: "at-once" }).read()).toMatchObject({
      importWh: null,
      exportWh: null,
      powerW: 1200,
      quality: "valid",
    });
  });

  it.each<[string, FamilyName, Figures]>([
    ["a voltage of no grid", "cg_em24", { voltageL1: 23, import: 1 }],
    ["a frequency of no grid", "sdm120", { voltage: 230, frequency: 500, import: 1 }],
  ])("a first reading with %s is suspect", async (_, family, figures) => {
    expect((await meter(await line(() => image(family, figures)), family).read()).quality).toBe("suspect");
  });

  it("a map of whole numbers read as floats is suspect", async () => {
    const at = await line(() => image("eltako_dsz", { voltageL1: 230, voltageL2: 231, voltageL3: 229, import: 1000 }));
    const one = meter(at, "sdm630");
    expect([(await one.read()).quality, (await one.read()).quality]).toEqual(["suspect", "suspect"]);
  });

  it.each<[FamilyName, FamilyName, Figures]>([
    ["sdm630", "eltako_dsz", { voltageL1: 230, voltageL2: 231, voltageL3: 229, power: 1500, import: 1000 }],
    ["eltako_dsz", "sdm630", { voltageL1: 230, voltageL2: 231, voltageL3: 229, power: 1500, import: 1000 }],
  ])("zeros of a device that starts prove nothing: %s is not believed for a %s", async (family, device, figures) => {
    let words = image(family, {});
    const one = meter(await line(() => words), family);
    for (let poll = 0; poll < 3; poll++) expect((await one.read()).quality).toBe("valid");
    words = image(device, figures);
    const qualities = [];
    for (let poll = 0; poll < 3; poll++) qualities.push(await one.read().then(({ quality }) => quality, errorCode));
    expect(qualities).not.toContain("valid");
  });

  it("a sign in a power that has none is no power", async () => {
    const at = await line(() => image("orno_we504", { voltage: 230, power: 65_036, sum: 5 }));
    for (const oneWay of [false, true]) expect((await meter(at, "orno_we504", { oneWay }).read()).quality).toBe("suspect");
    const most = await line(() => image("orno_we504", { voltage: 230, power: 18_000, sum: 5 }));
    expect(await meter(most, "orno_we504").read()).toMatchObject({ powerW: 18_000, quality: "valid" });
  });

  it("a sagging grid is believed once the meter is known", async () => {
    let voltage = 230;
    const one = meter(await line(() => image("sdm120", { voltage, import: 1 })), "sdm120");
    await one.read();
    voltage = 60;
    expect(await one.read()).toMatchObject({ quality: "valid", importWh: 1000 });
  });

  it("a zero or an old count right after the start is no first count", async () => {
    let kwh = 0;
    const one = meter(await line(() => image("sdm120", { voltage: 230, import: kwh })), "sdm120");
    const read = async (now: number): Promise<number | null> => {
      kwh = now;
      return (await one.read()).importWh;
    };
    expect([await read(0), await read(4321), await read(4321), await read(0)]).toEqual([null, null, 4_321_000, 0]);
  });
});
