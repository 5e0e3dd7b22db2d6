import { z } from "zod";
import { iso, type Clock } from "../../../core/clock/clock.ts";
import { importPower, MeterValues } from "./meter-power.ts";

/** How often the charger is to say that it lives, s. */
const heartbeatS = 60;
/** A figure is believed so long, ms. */
const powerAgeMs = 120_000;

const StatusNotification = z.object({ connectorId: z.int(), status: z.string() });
const StartTransaction = z.object({ connectorId: z.int() });
const StopTransaction = z.object({ transactionId: z.int() });

/** What a charger has told of its connector. */
export interface ChargerSession {
  /** Answers to the actions that a charger begins, for a central system; requests have passed OCPP's schema. */
  answers: Record<string, (request: unknown) => object>;
  /** Whether a transaction runs; undefined while it has not said. */
  transaction(): boolean | undefined;
  /** What the connector draws, W; null while nothing newer than two minutes says it. */
  powerW(): number | null;
}

/**
 * Follows one connector. Every card is accepted: whom the charger lets charge is its own affair, this system only limits.
 * @param options.onBoot the charger has started anew and may have forgotten its limits
 */
export function chargerSession(options: { clock: Clock; connector: number; onBoot: () => void }): ChargerSession {
  const { clock, connector, onBoot } = options;
  let running: boolean | undefined;
  let plugged = true;
  let transactionId = 0;
  let power: { powerW: number; atMs: number } | undefined;
  const now = (): string => iso(clock.now());
  const accepted = { idTagInfo: { status: "Accepted" } };
  const idle = (): void => {
    running = false;
    power = { powerW: 0, atMs: clock.monotonicMs() };
  };
  return {
    answers: {
      BootNotification() {
        running = false;
        power = undefined;
        onBoot();
        return { status: "Accepted", currentTime: now(), interval: heartbeatS };
      },
      Heartbeat: () => ({ currentTime: now() }),
      StatusNotification(request) {
        const { connectorId, status } = StatusNotification.parse(request);
        if (connectorId !== connector) return {};
        plugged = status !== "Available";
        if (["Charging", "SuspendedEV", "SuspendedEVSE"].includes(status)) running = true;
        else if (status !== "Preparing" && running !== false) idle();
        return {};
      },
      Authorize: () => accepted,
      StartTransaction(request) {
        // A number that no earlier run of this program has given.
        transactionId = Math.max(transactionId + 1, Math.floor(clock.now() / 1000) % 2 ** 31);
        if (StartTransaction.parse(request).connectorId === connector) running = true;
        return { ...accepted, transactionId };
      },
      StopTransaction(request) {
        if (StopTransaction.parse(request).transactionId === transactionId) idle();
        return accepted;
      },
      MeterValues(request) {
        const values = MeterValues.parse(request);
        if (values.connectorId !== connector) return {};
        if (values.transactionId !== undefined && running === undefined) running = true;
        const newest = importPower(values);
        // Chargers send what they measured while the link was lost later on.
        const oldMs = Math.max(0, clock.now() - (newest?.atMs ?? 0));
        if (newest && oldMs <= powerAgeMs) {
          const atMs = clock.monotonicMs() - oldMs;
          if (!power || atMs >= power.atMs) power = { powerW: newest.powerW, atMs };
        }
        return {};
      },
      DataTransfer: () => ({ status: "UnknownVendorId" }),
      FirmwareStatusNotification: () => ({}),
      DiagnosticsStatusNotification: () => ({}),
    },
    transaction: () => running,
    powerW() {
      // Without a car nothing can flow, and many chargers then say nothing more.
      if (!plugged) return 0;
      return power && clock.monotonicMs() - power.atMs <= powerAgeMs ? power.powerW : null;
    },
  };
}
