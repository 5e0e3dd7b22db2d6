import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Setting } from "../../core/setting.ts";
import type { ApplianceDevice } from "../../drivers/appliance/appliance-device.ts";
import type { GuardedCommand } from "../guard/guarded-command.ts";
import { sameSetting } from "../guard/guarded-appliance.ts";
import { stubbornness } from "./stubbornness.ts";

/** An appliance and what sets it. */
export interface Actuated {
  resource: string;
  device: ApplianceDevice;
  /** Its declared failsafe setting. */
  safe: Setting;
}

/** One change as it was written to the device. */
export interface Switched {
  resource: string;
  setting: Setting;
  reason: string;
}

/** The only writer of appliances. */
export interface Actuator {
  /** Sets what differs, reads back, and renews the leases; what draws less than before goes first. */
  apply(commands: readonly GuardedCommand[]): Promise<void>;
  /** Reads all devices; tells of each that somebody else has set as soon as it is seen, for the guard to decide on. */
  readBack(elsewhere: (resource: string, setting: Setting) => void): Promise<void>;
  /** Puts every appliance into its declared safe state; keeps trying the others when one fails. */
  safeState(reason: string): Promise<void>;
  /** What each was last read as; undefined while unknown. */
  isSet(resource: string): Setting | undefined;
  /** Why an appliance does not do what it is told, after it had time to; undefined where it does. */
  alarm(resource: string): string | undefined;
  /** Changes of mode in this run. */
  switches(): number;
}

/** Parts that the actuator works with. */
export interface ActuatorOptions {
  appliances: readonly Actuated[];
  clock: Clock;
  log: Log;
  /** Written at once, before anything else happens. */
  journal: (switched: Switched) => void;
  signal: AbortSignal;
}

const checkMs = 10_000;
/** Devices are set in percents and amperes, and read back rounded. */
const toleranceW = 100;
/** After such a silence of the agent a device that can goes to its failsafe setting by itself. Less than a lease. */
const deviceTimeoutS = 300;

/** Sets appliances. Takes only commands that the guard made; a lease that is not renewed ends in the safe state. */
export function startActuator(options: ActuatorOptions): Actuator {
  const { clock, log } = options;
  const known = new Map<string, Setting>();
  /** What it read as when it last followed: it rounds what it is told down to its own steps. */
  const followedAs = new Map<string, Setting>();
  const leases = new Map<string, number>();
  const spokenMs = new Map<string, number>();
  const stubborn = stubbornness({ clock, log, signal: options.signal });
  let switches = 0;

  /** One thing at a time for each appliance: what is repeated must never arrive behind what replaced it. */
  const turns = new Map<string, Promise<unknown>>();
  const alone = <T>({ resource }: Actuated, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(resource) ?? Promise.resolve()).then(work);
    turns.set(
      resource,
      turn.catch(() => undefined),
    );
    return turn;
  };
  /** Devices whose own timeout is set; one that was away may have lost it. */
  const armed = new Set<string>();
  const arm = async ({ resource, device, safe }: Actuated): Promise<void> => {
    if (!device.arm || armed.has(resource)) return;
    armed.add(resource);
    await device.arm(safe, deviceTimeoutS).catch((error: unknown) => {
      log.warn({ resource, code: errorCode(error), error: errorMessage(error) }, "appliance's own timeout is not set");
    });
  };
  const tell = async (appliance: Actuated, setting: Setting, reason: string): Promise<void> => {
    const { resource, device } = appliance;
    const before = known.get(resource);
    try {
      await arm(appliance);
      // A slow line takes as long for a question as for the command.
      const read = (await device.set(setting)) ?? (await device.read());
      spokenMs.set(resource, clock.monotonicMs());
      if (read.mode !== setting.mode || read.powerW > setting.powerW + toleranceW)
        throw new AppError(
          "device-not-following",
          `${device.name} reads ${said(read)} after it was told ${said(setting)}; check its wiring and its own settings`,
        );
      followedAs.set(resource, read);
    } catch (error) {
      known.delete(resource);
      armed.delete(resource);
      stubborn.failed(resource, setting, error);
      return;
    }
    known.set(resource, setting);
    stubborn.followed(resource);
    if (before && sameSetting(before, setting)) return;
    if (before?.mode !== setting.mode) switches++;
    journal({ resource, setting, reason });
    log.info({ resource, ...setting, reason }, "appliance switched");
  };
  const write = (appliance: Actuated, setting: Setting, reason: string): Promise<void> =>
    alone(appliance, async () => {
      if (stubborn.mayTry(appliance.resource, setting)) await tell(appliance, setting, reason);
    });
  /** A full disk must not keep the next appliance from its safe state. */
  const journal: ActuatorOptions["journal"] = (switched) => {
    try {
      options.journal(switched);
    } catch (error) {
      const { resource, reason } = switched;
      log.error({ resource, reason, code: errorCode(error), error: errorMessage(error) }, "switching not journalled");
    }
  };
  /** What it reads as where somebody else has set it since it was last read. */
  const changed = (appliance: Actuated): Promise<Setting | undefined> => alone(appliance, () => readChange(appliance));
  const readChange = async ({ resource, device }: Actuated): Promise<Setting | undefined> => {
    const before = known.get(resource);
    try {
      const read = await device.read();
      const stood = followedAs.get(resource) ?? read;
      if (before && readsSame(stood, read)) return undefined;
      followedAs.set(resource, read);
      const awaited = stubborn.awaited(resource);
      const isLate = awaited !== undefined && readsSame(read, awaited);
      known.set(resource, isLate ? awaited : read);
      if (!isLate) return before && read;
      stubborn.followed(resource);
      journal({ resource, setting: awaited, reason: "followed late" });
      return undefined;
    } catch (error) {
      known.delete(resource);
      log.debug({ resource, error: errorMessage(error) }, "appliance cannot be read");
      return undefined;
    }
  };
  const find = (resource: string): Actuated | undefined => options.appliances.find((one) => one.resource === resource);
  const endLeases = async (): Promise<void> => {
    for (const [resource, untilMs] of leases) {
      const appliance = find(resource);
      if (!appliance || untilMs > clock.monotonicMs()) continue;
      await write(appliance, appliance.safe, "lease ended, safe state");
      const now = known.get(resource);
      // Else it stays ended and the next check tries again.
      if (now && sameSetting(now, appliance.safe) && leases.get(resource) === untilMs) leases.delete(resource);
    }
  };
  /** Tells devices with a timeout of their own again what they do. */
  const keepAlive = async (): Promise<void> => {
    for (const appliance of options.appliances)
      await alone(appliance, async () => {
        const { resource, device } = appliance;
        const now = known.get(resource);
        const dueMs = (spokenMs.get(resource) ?? -Infinity) + (device.keepAliveS ?? Infinity) * 1000;
        if (now && dueMs <= clock.monotonicMs()) await tell(appliance, now, "kept alive");
      });
  };

  clock.every(checkMs, endLeases, options.signal);
  clock.every(checkMs, keepAlive, options.signal);
  return {
    async apply(commands) {
      const due = commands.flatMap(({ resource, setting, reason, leaseUntilMs }) => {
        const appliance = find(resource);
        if (!appliance) return [];
        if (leaseUntilMs === null) leases.delete(resource);
        else leases.set(resource, leaseUntilMs);
        const now = known.get(resource);
        if (now && sameSetting(now, setting)) {
          stubborn.followed(resource);
          return [];
        }
        return [{ appliance, setting, reason, less: now === undefined || setting.powerW < now.powerW }];
      });
      // Lines work side by side: a board that says nothing must not hold up the others.
      for (const less of [true, false])
        await Promise.all(
          due.filter((one) => one.less === less).map(({ appliance, setting, reason }) => write(appliance, setting, reason)),
        );
    },
    async readBack(elsewhere) {
      for (const appliance of options.appliances) {
        const { resource } = appliance;
        const setting = await changed(appliance);
        if (options.signal.aborted) return;
        if (setting === undefined) continue;
        log.warn({ resource, ...setting }, "appliance was switched by somebody else");
        journal({ resource, setting, reason: "switched by somebody else" });
        elsewhere(resource, setting);
      }
    },
    async safeState(reason) {
      leases.clear();
      // Written even where it reads as it should: a board that lies shows itself only by the write.
      await Promise.all(
        options.appliances.map(async (appliance) => {
          await changed(appliance);
          await alone(appliance, () => tell(appliance, appliance.safe, reason));
        }),
      );
    },
    isSet: (resource) => known.get(resource),
    alarm: stubborn.alarm,
    switches: () => switches,
  };
}

const readsSame = (one: Setting, other: Setting): boolean =>
  one.mode === other.mode && Math.abs(one.powerW - other.powerW) <= toleranceW;

const said = ({ mode, powerW }: Setting): string => `${mode} (${powerW} W)`;
