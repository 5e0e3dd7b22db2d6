import { createHash, randomUUID } from "node:crypto";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { EnvelopeType, verifyEnvelope, type Envelope, type PinnedKeys } from "../../core/envelope.ts";
import { InstructionList, type Instruction, type InstructionAck } from "../../core/message/instruction.ts";
import { Receipt } from "../../core/message/measurements.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import { carChargeW } from "../house/electric-car.ts";
import { shownWh } from "../house/energy-counters.ts";
import { type Contact, type House, house, newHouse } from "../house/house.ts";
import { houseZone } from "../house/local-day.ts";
import { tankElementW } from "../house/water-tank.ts";
import { lightOutbox } from "./light-outbox.ts";

/** Sends up; rejects while the broker is away. */
export type SendUp = (rest: string, body: unknown, retain?: boolean) => Promise<void>;

/** What a home hears and does, for whoever counts. */
export interface HomeEvents {
  /** A receipt let rows go, so long after they were sent, ms. */
  onReceipt: (rows: number, tookMs: number) => void;
  /** An instruction list was verified and accepted. */
  onInstruction: (site: string, list: InstructionList) => void;
  onHeartbeat: () => void;
  /** A message was not believed. */
  onRefused: (code: string) => void;
}

/** An agent without disk and lines: real messages, real checks, simulated physics. */
export interface LightHome {
  site: string;
  boot: string;
  /** The connection is new. */
  connected(): Promise<void>;
  /** A message from the aggregator; resolves when it was judged. `rest` is the topic after `dn/`. */
  hear(rest: string, text: string): Promise<void>;
  /** Lets the house live until now, adds a reading and sends what waits. */
  live(): Promise<void>;
  tellStatus(): Promise<void>;
  waiting(): number;
  added(): number;
}

const slotMs = 900_000;
const controlled = ["boiler", "ev"] as const satisfies readonly Contact[];
const mostSent = 20;

/** What its aggregator may control: a water heater and a car's charger. */
export function lightResources(): Resource[] {
  const common = { v: 1, controlType: "OMBC", minOnS: 600, minOffS: 300, failsafeMode: "off", timezone: houseZone } as const;
  const modes = (powerW: number) => [
    { id: "off", powerW: 0 },
    { id: "on", powerW },
  ];
  const energy = (energyWh: number, notBefore: string, readyBy: string) => ({
    kind: "energy" as const,
    energyWh,
    notBefore,
    readyBy,
  });
  return [
    {
      ...common,
      resource: "boiler",
      operationModes: modes(tankElementW),
      demand: energy(6000, "21:00", "06:30"),
      maxImportW: 17_250,
    },
    { ...common, resource: "ev", operationModes: modes(carChargeW), demand: energy(8000, "18:00", "07:00"), maxImportW: 17_250 },
  ];
}

/** The kind of message on a topic of which a light home makes use. */
function typeOf(rest: string): EnvelopeType | undefined {
  const [head = "", ...tail] = rest.split("/");
  if (head === "instr" && tail.length === 1) return "instruction";
  if (head === "settle" && tail.length === 1) return "settlement";
  if (tail.length > 0) return undefined;
  return head === "state" ? "heartbeat" : EnvelopeType.safeParse(head).data;
}

export function lightHome(options: {
  site: string;
  seed: number;
  keys: PinnedKeys;
  send: SendUp;
  events: HomeEvents;
  now: () => number;
}): LightHome {
  const { site, keys, send, events, now } = options;
  const boot = randomUUID();
  const outbox = lightOutbox(boot);
  const own: House = house(newHouse({ seed: options.seed, startMs: now() }));
  own.set("heatpump", true);
  /** Newest message by key and topic: its number, and its hash, as one that the broker retains comes again. */
  const newest = new Map<string, { seq: number; hash: string }>();
  const plans = new Map<string, readonly Instruction[]>();
  const totals = () => {
    const { importJ, exportJ } = own.state.grid;
    return { importWh: shownWh(importJ[0] + importJ[1]), exportWh: shownWh(exportJ[0] + exportJ[1]) };
  };
  let slotStartMs = Math.ceil(now() / slotMs) * slotMs;
  let slotBegan: ReturnType<typeof totals> | null = null;
  const dutyOf = (resource: string, atMs: number): Instruction | undefined =>
    plans.get(resource)?.find((one) => Date.parse(one.executionTime) <= atMs && atMs < Date.parse(one.validUntil));
  const runTo = (atMs: number): void => {
    for (const contact of controlled) {
      const mode = dutyOf(contact, atMs)?.operationModeId;
      own.set(contact, mode === "on");
    }
    own.runTo(Math.floor(atMs / 1000));
  };
  /** The house lives on; each slot that ends is a row for both registers. */
  const catchUp = (nowMs: number): void => {
    while (slotStartMs + (slotBegan ? slotMs : 0) <= nowMs) {
      const endMs = slotStartMs + (slotBegan ? slotMs : 0);
      runTo(endMs);
      const ended = totals();
      if (slotBegan) {
        const common = { kind: "slot", meter: "grid", role: "grid", quality: "valid", clockSynced: true } as const;
        const span = { start: iso(slotStartMs), end: iso(endMs) };
        outbox.add({ ...common, ...span, register: "import", wh: ended.importWh - slotBegan.importWh });
        outbox.add({ ...common, ...span, register: "export", wh: ended.exportWh - slotBegan.exportWh });
        slotStartMs = endMs;
      }
      slotBegan = ended;
    }
    runTo(nowMs);
  };
  const pump = async (): Promise<void> => {
    const sending: Promise<void>[] = [];
    for (let message = outbox.next(now()); message && sending.length < mostSent; message = outbox.next(now()))
      sending.push(send("meter", message));
    // What could not be sent is sent again after the next connection.
    await Promise.allSettled(sending);
  };
  const tellStatus = async (): Promise<void> => {
    const nowMs = now();
    for (const resource of controlled) {
      const duty = dutyOf(resource, nowMs);
      const { chargedJ } = own.state.car;
      const status: ResourceStatus = {
        v: 1,
        resource,
        at: iso(nowMs),
        operationModeId: own.state.closed[resource] ? "on" : "off",
        reason: duty?.reason ?? "no instruction",
        ...(resource === "ev" && { deliveredWh: Math.floor(chargedJ / 3600) }),
      };
      await send(`status/${resource}`, status);
    }
  };
  /** Answers are not waited for: the broker's word for them comes behind the message that is just heard. */
  const take = (rest: string, { body }: Envelope): void => {
    const [head] = rest.split("/");
    if (head === "state") return events.onHeartbeat();
    if (head === "receipt") {
      const before = outbox.waiting();
      const tookMs = outbox.receipt(Receipt.parse(body), now());
      if (tookMs !== null) events.onReceipt(before - outbox.waiting(), tookMs);
      return void pump();
    }
    if (head !== "instr") return;
    const list = InstructionList.parse(body);
    const known = controlled.some((name) => name === list.resource);
    if (known) plans.set(list.resource, list.instructions);
    const ack: InstructionAck = {
      v: 1,
      plan: list.plan,
      resource: list.resource,
      status: known ? "ACCEPTED" : "REJECTED",
      ...(!known && { code: "instruction-unknown-resource" }),
      at: iso(now()),
    };
    events.onInstruction(site, list);
    // Without an answer the aggregator says it again.
    void send(`ack/${list.plan}`, ack).catch(() => undefined);
  };
  const hear = async (rest: string, text: string): Promise<void> => {
    const type = typeOf(rest);
    if (!type) throw new AppError("topic-unknown", `no message is expected on dn/${rest}`);
    const envelope = await verifyEnvelope(text, { keys, type, site, nowMs: now() });
    const hash = createHash("sha256").update(text).digest("base64");
    const place = `${envelope.kid} ${rest}`;
    const last = newest.get(place);
    if (last?.hash === hash) return;
    if (last && envelope.seq <= last.seq)
      throw new AppError("envelope-old-seq", `number ${envelope.seq} on dn/${rest} is not above ${last.seq}`);
    newest.set(place, { seq: envelope.seq, hash });
    take(rest, envelope);
  };
  return {
    site,
    boot,
    async connected() {
      outbox.restart();
      await send("state", { v: 1, state: "ready", boot }, true);
      for (const resource of lightResources()) await send(`resource/${resource.resource}`, resource, true);
      await pump();
    },
    async hear(rest, text) {
      try {
        await hear(rest, text);
      } catch (error) {
        events.onRefused(error instanceof AppError ? error.code : "unexpected");
      }
    },
    async live() {
      const nowMs = now();
      catchUp(nowMs);
      outbox.resendLate(nowMs);
      const reading = { kind: "sample", meter: "grid", at: iso(nowMs), quality: "valid", clockSynced: true } as const;
      outbox.add({ ...reading, powerW: own.power().net, ...totals() });
      await pump();
    },
    tellStatus,
    waiting: outbox.waiting,
    added: outbox.added,
  };
}
