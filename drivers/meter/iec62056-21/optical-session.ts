import { latin1 } from "../ascii.ts";
import { cutReadout, stx } from "./cut-readout.ts";
import { identificationIn, speeds, type Identification } from "./identification.ts";
import type { IecCode, OpticalReadout, SessionEffect, SessionEvent, SessionPlan } from "./session-plan.ts";

/** Where a session stands; `heard` are bytes that mean nothing whole yet, `asked` how often a readout was asked for again. */
export type SessionState =
  | { is: "idle" | "settling" | "waking" | "ended" }
  | { is: "identifying"; heard: Uint8Array }
  | { is: "reacting" | "acknowledging"; said: Identification; baud: number }
  | { is: "listening"; heard: Uint8Array }
  | { is: "receiving"; said: Identification; heard: Uint8Array; asked: number };

/** What the state becomes, and what is to be done in this order. */
export interface SessionStep {
  state: SessionState;
  effects: SessionEffect[];
}

/** The line needs this to take up another speed. */
const settleMs = 100;
/** A meter answers within 1.5 s and leaves no longer gap between characters; adapters and networks add some. @see IEC 62056-21, 6.3.14 */
const answerMs = 1_500 + 250;
/** NULs for at least 2.1 s, then 1.5 s of rest. @see IEC 62056-21, Annex B */
const wakeMs = 2_200;
const restMs = 1_600;
/** After an acknowledgement, in parts: a slow meter leaves 200 ms, a fast one 20 ms before it speaks at the new speed. */
const switchMs = { slow: 100, fast: 15 };
/** The longest readouts known, with load profiles, stay below. */
export const mostReadoutBytes = 64 * 1024;
const mostIdentificationBytes = 512;
const ack = "\x06";
/** The acknowledgement as an echoing head gives it back, where the speed stays. */
const echoedAck = new RegExp(`^${ack}[0-9]*\r?\n?$`);
const nak = Uint8Array.of(0x15);
const none = new Uint8Array();

/** Before "start". */
export const idleSession: SessionState = { is: "idle" };

/** The next state of a readout through an optical head. Pure: time, line and speed are the caller's. */
export function stepSession(state: SessionState, event: SessionEvent, plan: SessionPlan): SessionStep {
  switch (event.on) {
    case "start":
      return { state: { is: "settling" }, effects: [{ do: "baud", baud: plan.baud }, timer(settleMs)] };
    case "lost":
      return state.is === "ended" ? stay(state) : fail("iec-no-answer", `the line closed (${event.reason})`, meterOf(state));
    case "timer":
      return onTimer(state, plan);
    case "bytes":
      return onBytes(
        state,
        event.bytes.map((byte) => byte & 0x7f),
        plan,
      );
  }
}

const timer = (ms: number): SessionEffect => ({ do: "timer", ms });
const stay = (state: SessionState): SessionStep => ({ state, effects: [] });
/** Ten bits a character. */
const sendMs = (bytes: number, baud: number): number => Math.ceil((bytes * 10_000) / baud);
const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");
const joined = (before: Uint8Array, more: Uint8Array): Uint8Array => Buffer.concat([before, more]);
const meterOf = (state: SessionState): string | null => ("said" in state ? state.said.meter : null);

function fail(code: IecCode, message: string, meter: string | null): SessionStep {
  return { state: { is: "ended" }, effects: [{ do: "fail", code, message, meter }] };
}

function done(said: Identification, lines: Uint8Array, integrity: OpticalReadout["integrity"]): SessionStep {
  return { state: { is: "ended" }, effects: [{ do: "done", readout: { meter: said.meter, lines, integrity } }] };
}

function onTimer(state: SessionState, plan: SessionPlan): SessionStep {
  switch (state.is) {
    case "settling": {
      if (plan.mode === "D") return { state: { is: "listening", heard: none }, effects: [timer(plan.listenMs)] };
      if (!plan.wakeUp) return signOn(plan);
      const nuls = new Uint8Array(Math.ceil((wakeMs * plan.baud) / 10_000));
      return { state: { is: "waking" }, effects: [{ do: "write", bytes: nuls }, timer(wakeMs + restMs)] };
    }
    case "waking":
      return signOn(plan);
    case "identifying":
      return unidentified(state.heard);
    case "listening":
      return fail("iec-no-answer", `no meter pushed a readout within ${plan.listenMs / 1000} s at ${plan.baud} baud`, null);
    case "reacting":
      return acknowledge(state, plan);
    case "acknowledging":
      return { state: receiving(state.said), effects: atSpeed(state.baud, plan) };
    case "receiving":
      return silent(state);
    case "idle":
    case "ended":
      return stay(state);
  }
}

function signOn({ address, baud }: SessionPlan): SessionStep {
  const bytes = ascii(`/?${address}!\r\n`);
  return {
    state: { is: "identifying", heard: none },
    effects: [{ do: "write", bytes }, timer(sendMs(bytes.length, baud) + answerMs)],
  };
}

const receiving = (said: Identification, heard: Uint8Array = none): SessionState & { is: "receiving" } => ({
  is: "receiving",
  said,
  heard,
  asked: 0,
});

/** Nobody identified himself in time. */
function unidentified(heard: Uint8Array): SessionStep {
  const text = latin1(heard);
  const rest = text.replace(/\/\?[^\r\n]*\r\n/, "").replaceAll("\0", "");
  if (rest !== "") return fail("iec-bad-identification", `"/AAA5..." was expected, heard was "${printable(rest)}"`, null);
  const echo = text === rest ? "" : "; the head gave back its own light, so it works: put it straight on the meter";
  return fail("iec-no-answer", `no meter answered the sign-on within ${answerMs} ms${echo}`, null);
}

/** Goes over to a speed, where the line can, and waits for the readout. */
function atSpeed(baud: number, plan: SessionPlan): SessionEffect[] {
  return plan.fixedSpeed || baud === plan.baud ? [timer(answerMs)] : [{ do: "baud", baud }, timer(answerMs)];
}

function acknowledge({ said, baud }: SessionState & { is: "reacting" | "acknowledging" }, plan: SessionPlan): SessionStep {
  const code = Math.max(
    0,
    speeds.findIndex((speed) => speed === baud),
  );
  const bytes = ascii(`${ack}0${code}0\r\n`);
  const spare = said.reactionMs < 200 ? switchMs.fast : switchMs.slow;
  return {
    state: { is: "acknowledging", said, baud },
    effects: [{ do: "write", bytes }, timer(sendMs(bytes.length, plan.baud) + spare)],
  };
}

/** The meter fell silent in the middle, or never began. */
function silent(state: SessionState & { is: "receiving" }): SessionStep {
  const { said, heard } = state;
  const cut = cutReadout(heard);
  if (cut.is === "ended") return done(said, heard.slice(cut.start, cut.end), "absent");
  if (latin1(heard).replace(echoedAck, "") === "")
    return fail("iec-no-answer", `${said.meter} identified itself and then sent nothing; try a lower max_baud`, said.meter);
  return again(state) ?? fail("iec-truncated", `the readout of ${said.meter} stopped after ${heard.length} bytes`, said.meter);
}

/** Asks once for the readout again; a meter that sends no STX does not know how. */
function again(state: SessionState & { is: "receiving" }): SessionStep | undefined {
  if (state.asked > 0 || !state.heard.includes(stx)) return undefined;
  return {
    state: { ...state, heard: none, asked: 1 },
    effects: [{ do: "write", bytes: nak }, timer(answerMs)],
  };
}

function onBytes(state: SessionState, bytes: Uint8Array, plan: SessionPlan): SessionStep {
  switch (state.is) {
    case "identifying":
    case "listening":
      return identify(state, joined(state.heard, bytes), plan);
    case "receiving":
      return receive({ ...state, heard: joined(state.heard, bytes) });
    case "acknowledging":
      // Where the speed stays nothing is lost by listening at once; else these bytes are the echo, or noise of the change.
      return plan.fixedSpeed || state.baud === plan.baud ? receive(receiving(state.said, bytes)) : stay(state);
    // Old bytes on the line, or the echo of what is being sent.
    case "idle":
    case "settling":
    case "waking":
    case "reacting":
    case "ended":
      return stay(state);
  }
}

function identify(state: SessionState & { heard: Uint8Array }, heard: Uint8Array, plan: SessionPlan): SessionStep {
  const found = identificationIn(latin1(heard));
  if (!found) {
    if (state.is === "listening") return stay({ is: "listening", heard: heard.slice(-mostIdentificationBytes) });
    if (heard.length > mostIdentificationBytes) return unidentified(heard);
    return { state: { is: "identifying", heard }, effects: [timer(answerMs)] };
  }
  const { said, end } = found;
  const rest = heard.slice(end);
  if (plan.mode === "D") return receive(receiving(said, rest));
  const mode = plan.mode === "auto" ? said.mode : plan.mode;
  if (mode === "A") return receive(receiving(said, rest));
  if (said.mode !== mode || said.baud === null)
    return fail("iec-bad-identification", `${said.meter} does not speak mode ${mode}; leave "mode" at auto`, said.meter);
  if (mode === "C") {
    const highest = speeds.findLast((speed) => speed <= Math.min(said.baud ?? 0, plan.maxBaud)) ?? speeds[0];
    return { state: { is: "reacting", said, baud: plan.fixedSpeed ? plan.baud : highest }, effects: [timer(said.reactionMs)] };
  }
  return { state: receiving(said), effects: atSpeed(said.baud, plan) };
}

function receive(state: SessionState & { is: "receiving" }): SessionStep {
  const { said, heard } = state;
  const cut = cutReadout(heard);
  if (cut.is === "whole") return done(said, heard.slice(cut.start, cut.end), cut.integrity);
  if (cut.is === "damaged")
    return (
      again(state) ?? fail("iec-bad-bcc", `the check character of the readout of ${said.meter} does not hold twice`, said.meter)
    );
  if (heard.length > mostReadoutBytes)
    return fail("iec-too-long", `${said.meter} sent more than ${mostReadoutBytes} bytes without an end`, said.meter);
  return { state, effects: [timer(answerMs)] };
}

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, "?").slice(0, 40);
