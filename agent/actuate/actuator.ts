import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Relay } from "../../drivers/appliance/relay.ts";
import type { GuardedCommand } from "../guard/guarded-command.ts";

/** An appliance and the contact that switches it: on is closed. */
export interface Actuated {
  resource: string;
  relay: Relay;
  /** On or off in the declared safe state. */
  safeOn: boolean;
}

/** The only writer of relays. */
export interface Actuator {
  /** Switches what differs, reads back, and renews the leases. */
  apply(commands: readonly GuardedCommand[]): Promise<void>;
  /** Reads all relays; gives those that somebody else has switched, for the guard to decide on. */
  readBack(): Promise<{ resource: string; on: boolean }[]>;
  /** Puts every relay into its declared safe state; keeps trying the others when one fails. */
  safeState(reason: string): Promise<void>;
  /** What each relay was last read as; undefined while unknown. */
  isOn(resource: string): boolean | undefined;
  /** Switchings in this run. */
  switches(): number;
}

/** Parts that the actuator works with. */
export interface ActuatorOptions {
  appliances: readonly Actuated[];
  clock: Clock;
  log: Log;
  /** Written at once, before anything else happens. */
  journal: (switching: { resource: string; on: boolean; reason: string }) => void;
  signal: AbortSignal;
}

const leaseCheckMs = 10_000;

/** Writes relays. Takes only commands that the guard made; a lease that is not renewed ends in the safe state. */
export function startActuator(options: ActuatorOptions): Actuator {
  const { clock, log } = options;
  const known = new Map<string, boolean>();
  const leases = new Map<string, number>();
  const failing = new Set<string>();
  let switches = 0;

  const write = async (appliance: Actuated, on: boolean, reason: string): Promise<void> => {
    const { resource, relay } = appliance;
    const before = known.get(resource);
    try {
      await relay.set(on);
      const closed = await relay.isClosed();
      known.set(resource, closed);
      if (closed !== on)
        throw new AppError(
          "relay-not-switched",
          `relay ${relay.name} reads ${closed ? "closed" : "open"} after it was switched; check the board`,
        );
    } catch (error) {
      known.delete(resource);
      if (!failing.has(resource))
        log.error({ resource, on, code: errorCode(error), error: errorMessage(error) }, "relay does not follow");
      failing.add(resource);
      return;
    }
    failing.delete(resource);
    if (before === on) return;
    switches++;
    journal({ resource, on, reason });
    log.info({ resource, on, reason }, "appliance switched");
  };
  /** A full disk must not keep the next relay from its safe state. */
  const journal: ActuatorOptions["journal"] = (switching) => {
    try {
      options.journal(switching);
    } catch (error) {
      log.error({ ...switching, code: errorCode(error), error: errorMessage(error) }, "switching not journalled");
    }
  };
  /** True when somebody else has switched it since it was last read. */
  const read = async ({ resource, relay }: Actuated): Promise<boolean> => {
    const before = known.get(resource);
    try {
      const closed = await relay.isClosed();
      known.set(resource, closed);
      return before !== undefined && before !== closed;
    } catch (error) {
      known.delete(resource);
      log.debug({ resource, error: errorMessage(error) }, "relay cannot be read");
      return false;
    }
  };
  const find = (resource: string): Actuated | undefined =>
    options.appliances.find((appliance) => appliance.resource === resource);

  clock.every(
    leaseCheckMs,
    async () => {
      for (const [resource, untilMs] of leases) {
        const appliance = find(resource);
        if (!appliance || untilMs > clock.monotonicMs()) continue;
        await write(appliance, appliance.safeOn, "lease ended, safe state");
        // Else it stays ended and the next check tries again.
        if (known.get(resource) === appliance.safeOn && leases.get(resource) === untilMs) leases.delete(resource);
      }
    },
    options.signal,
  );
  return {
    async apply(commands) {
      for (const command of commands) {
        const appliance = find(command.resource);
        if (!appliance) continue;
        if (command.leaseUntilMs === null) leases.delete(command.resource);
        else leases.set(command.resource, command.leaseUntilMs);
        if (known.get(command.resource) !== command.on) await write(appliance, command.on, command.reason);
      }
    },
    async readBack() {
      const elsewhere: { resource: string; on: boolean }[] = [];
      for (const appliance of options.appliances) {
        const { resource } = appliance;
        const on = (await read(appliance)) ? known.get(resource) : undefined;
        if (on === undefined) continue;
        log.warn({ resource, on }, "relay was switched by somebody else");
        journal({ resource, on, reason: "switched by somebody else" });
        elsewhere.push({ resource, on });
      }
      return elsewhere;
    },
    async safeState(reason) {
      leases.clear();
      // Written even where the contact reads as it should: a board that lies shows itself only by the write.
      for (const appliance of options.appliances) {
        await read(appliance);
        await write(appliance, appliance.safeOn, reason);
      }
    },
    isOn: (resource) => known.get(resource),
    switches: () => switches,
  };
}
