import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import mqtt from "mqtt";
import { iso } from "../../../core/clock/clock.ts";
import { type PinnedKeys, verifyEnvelope } from "../../../core/envelope.ts";
import { InstructionList, type Instruction } from "../../../core/message/instruction.ts";
import { Receipt } from "../../../core/message/measurements.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import type { Resource } from "../../../core/message/resource.ts";
import { type RecordWire, SettlementDown, type SettlementUp } from "../../../core/message/settlement-message.ts";
import { localTimeOf } from "../../../core/slots.ts";
import type { ChainReader } from "../../../settlement/chain/chain-reader.ts";
import type { Agreement } from "../../../settlement/record/agreement.ts";
import { checkRecord, type OwnSlot } from "../../../settlement/record/check-record.ts";
import { recordDigest, signRecord } from "../../../settlement/record/record.ts";
import { domainOf } from "../../../settlement/record/sign-agreement.ts";
import type { TypedDataSigner } from "../../../settlement/record/signature.ts";
import { lightOutbox } from "../../../simulator/fleet/light-outbox.ts";
import type { Certificate } from "../../fake/certificates.ts";

export const chargerW = 3700;
export const carWh = 7400;
const slotMs = 900_000;
const typeOf = { instr: "instruction", settle: "settlement", receipt: "receipt" } as const;

/** The car's charger, with a meter of its own; it is there from noon until ten. */
const charger = (timezone: string): Resource => ({
  v: 1,
  resource: "car",
  controlType: "OMBC",
  operationModes: [
    { id: "off", powerW: 0 },
    { id: "on", powerW: chargerW },
  ],
  minOnS: 0,
  minOffS: 0,
  failsafeMode: "off",
  demand: { kind: "energy", energyWh: carWh, notBefore: "12:00", readyBy: "22:00" },
  timezone,
  maxImportW: 17_250,
  meter: "car",
});

/** What a house draws besides, W: the same each day, more in the evening. */
export function baseW(seed: number, atMs: number, timezone: string): number {
  const hour = Number(localTimeOf(atMs, timezone).slice(0, 2));
  return 300 + (seed % 5) * 40 + (hour >= 17 && hour < 22 ? 600 : 0);
}

/**
 * A gateway without disk and lines: real messages over a real broker with its own certificate, real checks and signatures; a house
 * with a car that does what it is told.
 */
export async function streetHome(options: {
  aggregator: string;
  site: string;
  seed: number;
  timezone: string;
  url: string;
  caFile: string;
  certificate: Certificate;
  keys: PinnedKeys;
  agreement: Agreement;
  signer: TypedDataSigner;
  chain: Pick<ChainReader, "pairOf">;
  series: PriceSeries;
  now: () => number;
}) {
  const { site, aggregator, timezone, agreement, now } = options;
  const boot = randomUUID();
  const outbox = lightOutbox(boot);
  const domain = domainOf(agreement);
  const lists: { atMs: number; duties: readonly Instruction[] }[] = [];
  let slotStartMs = Math.ceil(now() / slotMs) * slotMs;
  let deliveredWh = 0;
  const gridWh = new Map<number, number>();
  const ownSlots: OwnSlot[] = [];
  const meterSlots: { meter: string; startMs: number; endMs: number; wh: number }[] = [];
  const journal: { record: RecordWire; digest: string; register: "import" | "export" | "none"; cosigned: boolean }[] = [];
  const problems: string[] = [];
  const client = await mqtt.connectAsync(options.url, {
    clientId: site,
    protocolVersion: 4,
    ca: readFileSync(options.caFile),
    cert: readFileSync(options.certificate.certFile),
    key: readFileSync(options.certificate.keyFile),
  });
  const send = (rest: string, body: unknown, retain = false): void =>
    void client.publishAsync(`sma/1/${aggregator}/${site}/up/${rest}`, JSON.stringify(body), { qos: 1, retain });
  const pump = (): void => {
    for (let message = outbox.next(now()); message; message = outbox.next(now())) send("meter", message);
  };
  const answer = async ({ record, evidence }: Extract<SettlementDown, { kind: "proposal" }>): Promise<SettlementUp> => {
    const digest = recordDigest(domain, record);
    const head = { v: 1 as const, seq: record.seq, digest };
    const signed = async (): Promise<SettlementUp> => ({
      ...head,
      kind: "signed",
      signature: await signRecord(options.signer, domain, record),
    });
    if (journal.some((one) => one.digest === digest)) return signed();
    const checked = checkRecord(
      { record, evidence },
      {
        previous: journal.at(-1)?.record ?? null,
        agreement,
        series: record.kind === "reward" ? null : options.series,
        ownSlots,
        meterSlots,
        devices: [{ resource: "car", meter: "car", powerW: chargerW }],
        covered: journal.map(({ record: { start, end }, register }) => ({
          register,
          startMs: Date.parse(start),
          endMs: Date.parse(end),
        })),
        pairs: [await options.chain.pairOf(agreement.a, agreement.b)],
        nowMs: now(),
      },
    );
    if (!checked.ok) {
      problems.push(`${record.kind} ${record.seq}: ${checked.code} ${checked.message}`);
      return { ...head, kind: "disputed", code: checked.code, message: checked.message.slice(0, 500), own: checked.own };
    }
    journal.push({ record, digest, register: evidence.register, cosigned: false });
    return signed();
  };
  let turn: Promise<void> = Promise.resolve();
  const heard = async (rest: string, text: string): Promise<void> => {
    const [head = ""] = rest.split("/");
    const type = head in typeOf ? typeOf[head as keyof typeof typeOf] : undefined;
    if (!type) return;
    const { body } = await verifyEnvelope(text, { keys: options.keys, type, site, nowMs: now() });
    if (type === "receipt") {
      outbox.receipt(Receipt.parse(body), now());
      return pump();
    }
    if (type === "settlement") {
      const message = SettlementDown.parse(body);
      if (message.kind === "proposal") send("settle/supply", await answer(message));
      if (message.kind === "countersigned") for (const one of journal) if (one.digest === message.digest) one.cosigned = true;
      return;
    }
    const list = InstructionList.parse(body);
    lists.push({ atMs: now(), duties: list.instructions });
    send(`ack/${list.plan}`, { v: 1, plan: list.plan, resource: list.resource, status: "ACCEPTED", at: iso(now()) });
  };
  client.on("message", (topic, payload) => {
    const rest = topic.slice(`sma/1/${aggregator}/${site}/dn/`.length);
    turn = turn.then(() => heard(rest, payload.toString("utf8"))).catch((error: unknown) => void problems.push(String(error)));
  });
  await client.subscribeAsync(`sma/1/${aggregator}/${site}/dn/#`, { qos: 1 });
  send("state", { v: 1, state: "ready", boot }, true);
  send("resource/car", charger(timezone), true);
  /** One quarter of an hour: the car takes what it is told, as long as it is there and wants any. */
  const carIn = (startMs: number): number => {
    const time = localTimeOf(startMs, timezone);
    if (time === "12:00") deliveredWh = 0;
    const duties = lists.findLast(({ atMs }) => atMs <= startMs)?.duties;
    const duty = duties?.find((one) => Date.parse(one.executionTime) <= startMs && startMs < Date.parse(one.validUntil));
    if (time < "12:00" || time >= "22:00" || duty?.operationModeId !== "on") return 0;
    const wh = Math.min(carWh - deliveredWh, (chargerW * (duty.operationModeFactor ?? 1) * slotMs) / 3_600_000);
    deliveredWh += wh;
    return wh;
  };
  return {
    site,
    agreement,
    journal,
    problems,
    gridWh,
    waiting: () => outbox.waiting(),
    idle: () => turn,
    /** Lives until now. */
    live(): void {
      while (slotStartMs + slotMs <= now()) {
        const [startMs, endMs] = [slotStartMs, slotStartMs + slotMs];
        const carWhNow = Math.round(carIn(startMs));
        const wh = Math.round((baseW(options.seed, startMs, timezone) * slotMs) / 3_600_000) + carWhNow;
        gridWh.set(startMs, wh);
        ownSlots.push({ register: "import", startMs, endMs, wh }, { register: "export", startMs, endMs, wh: 0 });
        meterSlots.push({ meter: "car", startMs, endMs, wh: carWhNow });
        const common = { kind: "slot", quality: "valid", clockSynced: true, start: iso(startMs), end: iso(endMs) } as const;
        outbox.add({ ...common, meter: "grid", role: "grid", register: "import", wh });
        outbox.add({ ...common, meter: "grid", role: "grid", register: "export", wh: 0 });
        outbox.add({ ...common, meter: "car", role: "load", register: "import", wh: carWhNow });
        slotStartMs = endMs;
      }
      outbox.resendLate(now());
      pump();
      send(
        "status/car",
        {
          v: 1,
          resource: "car",
          at: iso(now()),
          operationModeId: "off",
          reason: "as told",
          deliveredWh: Math.round(deliveredWh),
        },
        true,
      );
    },
    stop: () => client.endAsync(true),
  };
}

export type StreetHome = Awaited<ReturnType<typeof streetHome>>;
