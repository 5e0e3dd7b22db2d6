import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idleSession, mostReadoutBytes, stepSession } from "../../../../drivers/meter/iec62056-21/optical-session.ts";
import type { SessionEffect, SessionEvent, SessionPlan } from "../../../../drivers/meter/iec62056-21/session-plan.ts";
import { encodePush, encodeReadout } from "../../../../simulator/meter/iec-meter.ts";

const usual: SessionPlan = {
  mode: "auto",
  address: "",
  baud: 300,
  maxBaud: 9600,
  fixedSpeed: false,
  wakeUp: false,
  listenMs: 20_000,
};
const lines = ["F.F(00000000)", "0.0.0(40712345)", "1.8.0(001234.567*kWh)"];
const dataLines = `${lines.join("\r\n")}\r\n!\r\n`;
const start: SessionEvent = { on: "start" };
const timer: SessionEvent = { on: "timer" };
const bytes = (text: string | Uint8Array): SessionEvent => ({
  on: "bytes",
  bytes: typeof text === "string" ? Buffer.from(text, "latin1") : text,
});

/** Effects as short words, so that a whole talk fits into a table. */
function words(effect: SessionEffect): string {
  const text = (of: Uint8Array): string => JSON.stringify(Buffer.from(of).toString("latin1"));
  switch (effect.do) {
    case "write":
      return `write ${text(effect.bytes)}`;
    case "baud":
      return `baud ${effect.baud}`;
    case "timer":
      return `timer ${effect.ms}`;
    case "done":
      return `done ${effect.readout.meter} ${effect.readout.integrity}`;
    case "fail":
      return `fail ${effect.code} ${effect.meter}`;
  }
}

function talk(events: readonly SessionEvent[], change: Partial<SessionPlan> = {}): { said: string[]; effects: SessionEffect[] } {
  const effects: SessionEffect[] = [];
  let state = idleSession;
  for (const event of events) {
    const step = stepSession(state, event, { ...usual, ...change });
    ({ state } = step);
    effects.push(...step.effects);
  }
  return { effects, said: effects.filter((effect) => effect.do !== "timer").map(words) };
}

const readout = encodeReadout(lines);
const push = encodePush("SIM0PUSH-1", lines);

it.each<[string, Partial<SessionPlan>, SessionEvent[], string[]]>([
  [
    "mode C: acknowledges at the old speed, then switches",
    {},
    [start, timer, bytes("/SIM5OPT-1\r\n"), timer, timer, bytes(readout)],
    ["baud 300", 'write "/?!\\r\\n"', 'write "\\u0006050\\r\\n"', "baud 9600", "done SIM5OPT-1 valid"],
  ],
  [
    "mode C: asks for no more than max_baud",
    { maxBaud: 2400 },
    [start, timer, bytes("/SIM6OPT-1\r\n"), timer, timer, bytes(readout)],
    ["baud 300", 'write "/?!\\r\\n"', 'write "\\u0006030\\r\\n"', "baud 2400", "done SIM6OPT-1 valid"],
  ],
  [
    "mode C over a line that keeps its speed: asks the meter to stay, and may hear it at once",
    { fixedSpeed: true },
    [start, timer, bytes("/SIM5OPT-1\r\n"), timer, bytes(readout)],
    ["baud 300", 'write "/?!\\r\\n"', 'write "\\u0006000\\r\\n"', "done SIM5OPT-1 valid"],
  ],
  [
    "mode B: switches without being told",
    {},
    [start, timer, bytes("/SIMEOPT-1\r\n"), bytes(readout)],
    ["baud 300", 'write "/?!\\r\\n"', "baud 9600", "done SIMEOPT-1 valid"],
  ],
  [
    "mode A: the readout follows at the same speed",
    {},
    [start, timer, bytes("/SIM OPT-1\r\n"), bytes(readout)],
    ["baud 300", 'write "/?!\\r\\n"', "done SIM OPT-1 valid"],
  ],
  [
    "mode A without STX: ends when nothing more comes, unchecked",
    {},
    [start, timer, bytes(`/SIM OPT-1\r\n${dataLines}`), timer],
    ["baud 300", 'write "/?!\\r\\n"', "done SIM OPT-1 absent"],
  ],
  [
    "a chosen mode A wins over the identification",
    { mode: "A" },
    [start, timer, bytes("/SIM5OPT-1\r\n"), bytes(readout)],
    ["baud 300", 'write "/?!\\r\\n"', "done SIM5OPT-1 valid"],
  ],
  [
    "mode D: asks nothing, skips the rest of a readout that it came into, takes the next",
    { mode: "D", baud: 2400 },
    [start, timer, bytes("67*kWh)\r\n!\r\n"), bytes(push), timer],
    ["baud 2400", "done SIM0PUSH-1 absent"],
  ],
  ["calls a device by its address", { address: "40712345" }, [start, timer], ["baud 300", 'write "/?40712345!\\r\\n"']],
  [
    "an echoing head: skips its own sign-on, acknowledgement and the noise of the switch",
    {},
    [
      start,
      timer,
      bytes("/?!\r\n/SIM5OPT-1\r\n"),
      timer,
      bytes("\x06050\r\n"),
      timer,
      bytes(Buffer.concat([Buffer.of(0x7f, 0x41), readout])),
    ],
    ["baud 300", 'write "/?!\\r\\n"', 'write "\\u0006050\\r\\n"', "baud 9600", "done SIM5OPT-1 valid"],
  ],
  [
    "a bad check character: asks once more",
    {},
    [start, timer, bytes("/SIM OPT-1\r\n"), bytes(hurt(readout)), bytes(readout)],
    ["baud 300", 'write "/?!\\r\\n"', 'write "\\u0015"', "done SIM OPT-1 valid"],
  ],
  [
    "a bad check character twice: gives up",
    {},
    [start, timer, bytes("/SIM OPT-1\r\n"), bytes(hurt(readout)), bytes(hurt(readout))],
    ["baud 300", 'write "/?!\\r\\n"', 'write "\\u0015"', "fail iec-bad-bcc SIM OPT-1"],
  ],
  [
    "a readout that stops: asks once more, then gives up",
    {},
    [start, timer, bytes("/SIM OPT-1\r\n"), bytes(readout.subarray(0, 20)), timer, bytes(readout.subarray(0, 20)), timer],
    ["baud 300", 'write "/?!\\r\\n"', 'write "\\u0015"', "fail iec-truncated SIM OPT-1"],
  ],
  [
    "silence after the switch",
    {},
    [start, timer, bytes("/SIM5OPT-1\r\n"), timer, timer, timer],
    ["baud 300", 'write "/?!\\r\\n"', 'write "\\u0006050\\r\\n"', "baud 9600", "fail iec-no-answer SIM5OPT-1"],
  ],
  ["silence after the sign-on", {}, [start, timer, timer], ["baud 300", 'write "/?!\\r\\n"', "fail iec-no-answer null"]],
  [
    "only its own echo",
    {},
    [start, timer, bytes("/?!\r\n"), timer],
    ["baud 300", 'write "/?!\\r\\n"', "fail iec-no-answer null"],
  ],
  [
    "an answer that is no identification",
    {},
    [start, timer, bytes("hello"), timer],
    ["baud 300", 'write "/?!\\r\\n"', "fail iec-bad-identification null"],
  ],
  [
    "an answer without end",
    {},
    [start, timer, bytes("x".repeat(600))],
    ["baud 300", 'write "/?!\\r\\n"', "fail iec-bad-identification null"],
  ],
  [
    "a meter of another mode than the chosen",
    { mode: "B" },
    [start, timer, bytes("/SIM5OPT-1\r\n")],
    ["baud 300", 'write "/?!\\r\\n"', "fail iec-bad-identification SIM5OPT-1"],
  ],
  [
    "a readout without end",
    {},
    [start, timer, bytes("/SIM OPT-1\r\n"), bytes("1.8.0(1*kWh)\r\n".repeat(mostReadoutBytes / 10))],
    ["baud 300", 'write "/?!\\r\\n"', "fail iec-too-long SIM OPT-1"],
  ],
  [
    "a line that closes",
    {},
    [start, timer, { on: "lost", reason: "unplugged" }, bytes(readout), timer],
    ["baud 300", 'write "/?!\\r\\n"', "fail iec-no-answer null"],
  ],
  ["mode D and nobody speaks", { mode: "D", baud: 2400 }, [start, timer, timer], ["baud 2400", "fail iec-no-answer null"]],
])("%s", (_, change, events, expected) => expect(talk(events, change).said).toEqual(expected));

function hurt(good: Buffer): Buffer {
  const bad = Buffer.from(good);
  bad[10] = (bad[10] ?? 0) ^ 1;
  return bad;
}

describe("timing", () => {
  const timers = (events: SessionEvent[], change: Partial<SessionPlan> = {}): number[] =>
    talk(events, change).effects.flatMap((effect) => (effect.do === "timer" ? [effect.ms] : []));

  it("waits 200 ms before it answers a slow meter, and 300 ms before it switches", () => {
    expect(timers([start, timer, bytes("/SIM5OPT-1\r\n"), timer]).slice(2)).toEqual([200, 300]);
  });
  it("waits 20 ms before it answers a fast meter (third letter in lower case), and switches as its acknowledgement is out", () => {
    expect(timers([start, timer, bytes("/SIm5OPT-1\r\n"), timer]).slice(2)).toEqual([20, 215]);
  });
  it("gives a meter 1.5 s from the end of the sign-on, and as much between characters", () => {
    expect(timers([start, timer, bytes("/S"), bytes("I")]).slice(1)).toEqual([167 + 1750, 1750, 1750]);
  });
  it("wakes a meter with NULs for 2.2 s and lets it rest", () => {
    const { effects } = talk([start, timer, timer], { wakeUp: true });
    expect(effects.map(words).slice(2)).toEqual([
      `write ${JSON.stringify("\0".repeat(66))}`,
      "timer 3800",
      'write "/?!\\r\\n"',
      "timer 1917",
    ]);
  });
});

it("takes characters whose parity bit was not taken off", () => {
  const parity = (text: Uint8Array): Buffer =>
    Buffer.from(
      text.map((byte) => {
        const ones = byte.toString(2).replaceAll("0", "").length;
        return ones % 2 === 1 ? byte | 0x80 : byte;
      }),
    );
  const { said } = talk([start, timer, bytes(parity(Buffer.from("/SIM OPT-1\r\n"))), bytes(parity(readout))]);
  expect(said.at(-1)).toBe("done SIM OPT-1 valid");
});

it("gives the same readout whatever the chunks are", () => {
  const stream = Buffer.concat([Buffer.from("/?!\r\n/SIM OPT-1\r\n"), readout]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 }), (sizes) => {
      const chunks: SessionEvent[] = [];
      let at = 0;
      for (const size of [...sizes, stream.length]) {
        if (at < stream.length) chunks.push(bytes(stream.subarray(at, at + size)));
        at += size;
      }
      const { effects, said } = talk([start, timer, ...chunks]);
      expect(said.at(-1)).toBe("done SIM OPT-1 valid");
      const last = effects.at(-1);
      expect(last?.do === "done" && Buffer.from(last.readout.lines).toString("latin1")).toBe(dataLines);
    }),
  );
});

it("believes no readout in which one bit changed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: readout.length - 1 }), fc.integer({ min: 0, max: 6 }), (at, bit) => {
      const bad = Buffer.from(readout);
      bad[at] = (bad[at] ?? 0) ^ (1 << bit);
      const { said } = talk([start, timer, bytes("/SIM OPT-1\r\n"), bytes(bad), timer, bytes(bad), timer]);
      expect(said.at(-1)).toMatch(/^fail iec-(bad-bcc|truncated|no-answer)/);
    }),
  );
});
