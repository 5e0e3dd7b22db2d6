import { setTimeout as delay } from "node:timers/promises";
import { until } from "../fake/until.ts";
import type { Load } from "./gateway-root.ts";
import { contactName, type CoilWrite, type Home } from "./home.ts";
import type { Machine } from "./machine.ts";

/** What came of ending the agent while contacts were on; times from that end on, ms. */
export interface Round {
  /** How many contacts were on. */
  contacts: number;
  /** Until the board had been told the safe state of the last of them. */
  safeMs: number;
  /** Until systemd called the service active again. */
  activeMs: number;
  /** What else was not as it should be. */
  faults: string[];
}

const unit = "smart-mla-agent.service";
const config = "/etc/smart-mla/agent.yaml";
const onWithinMs = 30_000;
const activeWithinMs = 60_000;

/** A resident's boost, which no random delay holds back; resolves when the contact is on. */
export async function boost(machine: Machine, home: Home, { name, contact }: Load): Promise<void> {
  await machine.exec("smart-mla", "override", "boost", name, "--for", "2h", "-c", config);
  await isOn(home, contact);
}

/** Resolves when the contact is on. */
export const isOn = (home: Home, contact: string): Promise<void> =>
  until(`contact ${contact} is on`, () => home.on().includes(contact), onWithinMs);

/**
 * Sends the agent a signal that ends it, or makes it hang, and follows what becomes of it.
 * @param safeWithinMs how long the contacts are watched; later is a failure
 */
export async function endAgent(
  machine: Machine,
  home: Home,
  signal: "SIGKILL" | "SIGSTOP",
  safeWithinMs: number,
): Promise<Round> {
  const { MainPID: before } = await machine.show(unit, "MainPID");
  const pid = machine.pidOutside(Number(before));
  const [seen, on] = [home.writes.length, home.on()];
  const endedNs = process.hrtime.bigint();
  process.kill(pid, signal);
  const sinceMs = (ns: bigint): number => Number(ns - endedNs) / 1e6;
  const after = (): CoilWrite[] => home.writes.slice(seen);
  await until(`every contact is off after ${signal}`, () => safeNs(on, after()) !== undefined, safeWithinMs);
  const safeAtNs = safeNs(on, after()) ?? endedNs;
  const now = await active(machine, before);
  const faults: string[] = [];
  // Only the helper can have written it then: the next agent was not there yet.
  if (safeAtNs > now.startedNs) faults.push("not safe before the agent started again");
  if (!/status=0/.test(now.stopPost)) faults.push(`ExecStopPost: ${now.stopPost}`);
  return { contacts: on.length, safeMs: sinceMs(safeAtNs), activeMs: sinceMs(now.activeNs), faults };
}

/** Instant of the write after which all contacts were off; undefined before it. */
function safeNs(on: readonly string[], writes: readonly CoilWrite[]): bigint | undefined {
  const left = new Set(on);
  for (const write of writes) {
    if (write.on) left.add(contactName(write));
    else left.delete(contactName(write));
    if (left.size === 0) return write.atNs;
  }
  return undefined;
}

/** Resolves when the service is active as another process. */
async function active(machine: Machine, before: string): Promise<{ startedNs: bigint; activeNs: bigint; stopPost: string }> {
  const endMs = performance.now() + activeWithinMs;
  for (;;) {
    const now = await machine.show(
      unit,
      "ActiveState",
      "MainPID",
      "ExecMainStartTimestampMonotonic",
      "ActiveEnterTimestampMonotonic",
      "ExecStopPost",
    );
    if (now.ActiveState === "active" && now.MainPID !== before)
      return {
        startedNs: BigInt(now.ExecMainStartTimestampMonotonic) * 1000n,
        activeNs: BigInt(now.ActiveEnterTimestampMonotonic) * 1000n,
        stopPost: now.ExecStopPost,
      };
    if (performance.now() > endMs) throw new Error(`the service is ${now.ActiveState} ${activeWithinMs} ms later`);
    // Asking costs processor time that the agent wants for its start.
    await delay(100);
  }
}

/** The agent runs, for the first time since the machine booted. */
export const started = async (machine: Machine): Promise<void> => void (await active(machine, "0"));

/**
 * Kills the whole container, where no ExecStopPost can run, and boots it again.
 * @param pauseMs so long the boards are watched before the next boot
 */
export async function endMachine(
  machine: Machine,
  home: Home,
  boot: () => Promise<Machine>,
  pauseMs: number,
): Promise<{ machine: Machine; stillOn: number } & Round> {
  const [seen, on] = [home.writes.length, home.on()];
  await machine.kill();
  await delay(pauseMs);
  const stillOn = home.on().length;
  const bootedNs = process.hrtime.bigint();
  const booted = await boot();
  try {
    const now = await active(booted, "0");
    const safeAtNs = safeNs(on, home.writes.slice(seen));
    const faults: string[] = [];
    if (safeAtNs === undefined || safeAtNs > now.activeNs) faults.push("not safe before the agent was ready");
    const sinceMs = (ns: bigint): number => Number(ns - bootedNs) / 1e6;
    const safeMs = safeAtNs === undefined ? Infinity : sinceMs(safeAtNs);
    return { machine: booted, stillOn, contacts: on.length, safeMs, activeMs: sinceMs(now.activeNs), faults };
  } catch (error) {
    await booted.kill();
    throw error;
  }
}
