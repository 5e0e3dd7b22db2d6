import { z } from "zod";
import { iso, type Clock } from "../../../core/clock/clock.ts";

/** How often the charger is to say that it lives, s. */
const heartbeatS = 60;

const StatusNotification = z.object({ connectorId: z.int(), status: z.string() });
const StartTransaction = z.object({ connectorId: z.int() });
const StopTransaction = z.object({ transactionId: z.int() });
const MeterValues = z.object({ connectorId: z.int(), transactionId: z.int().optional() });

/** What a charger has told of its connector. */
export interface ChargerSession {
  /** Answers to the actions that a charger begins, for a central system; requests have passed OCPP's schema. */
  answers: Record<string, (request: unknown) => object>;
  /** Whether a transaction runs; undefined while it has not said. */
  transaction(): boolean | undefined;
}

/**
 * Follows one connector. Every card is accepted: whom the charger lets charge is its own affair, this system only limits.
 * @param options.onBoot the charger has started anew and may have forgotten its limits
 */
export function chargerSession(options: { clock: Clock; connector: number; onBoot: () => void }): ChargerSession {
  const { clock, connector, onBoot } = options;
  let running: boolean | undefined;
  let transactionId = 0;
  const now = (): string => iso(clock.now());
  const accepted = { idTagInfo: { status: "Accepted" } };
  return {
    answers: {
      BootNotification() {
        running = false;
        onBoot();
        return { status: "Accepted", currentTime: now(), interval: heartbeatS };
      },
      Heartbeat: () => ({ currentTime: now() }),
      StatusNotification(request) {
        const { connectorId, status } = StatusNotification.parse(request);
        if (connectorId !== connector) return {};
        if (["Charging", "SuspendedEV", "SuspendedEVSE"].includes(status)) running = true;
        else if (status !== "Preparing") running = false;
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
        if (StopTransaction.parse(request).transactionId === transactionId) running = false;
        return accepted;
      },
      MeterValues(request) {
        const values = MeterValues.parse(request);
        if (values.connectorId !== connector) return {};
        if (values.transactionId !== undefined && running === undefined) running = true;
        return {};
      },
      DataTransfer: () => ({ status: "UnknownVendorId" }),
      FirmwareStatusNotification: () => ({}),
      DiagnosticsStatusNotification: () => ({}),
    },
    transaction: () => running,
  };
}
