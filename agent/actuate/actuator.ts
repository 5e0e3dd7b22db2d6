import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Setting } from "../../core/setting.ts";
import type { ApplianceDevice } from "../../drivers/appliance/appliance-device.ts";
import type { GuardedCommand } from "../guard/guarded-command.ts";
import { sameSetting } from "../guard/guarded-appliance.ts";
import { arming } from "./arming.ts";
import { errands } from "./errands.ts";
import { stubbornness } from "./stubbornness.ts";
import { withPatience } from "./with-patience.ts";

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
/** How long a decision waits for the devices: a network charger answers within it, one that is gone does not. */
const patienceMs = 3000;

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

  /** What is repeated must never arrive behind what replaced it. */
  const { inTurn, newest, busy } = errands();
  const ownTimeouts = arming(log);
  const tell = async (appliance: Actuated, setting: Setting, reason: string): Promise<void> => {
    const { resource, device } = appliance;
    const before = known.get(resource);
    try {
      await ownTimeouts.arm(appliance);
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
      ownTimeouts.lost(resource);
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
    newest(appliance.resource, async () => {
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
  const changed = (appliance: Actuated): Promise<Setting | undefined> => inTurn(appliance.resource, () => readChange(appliance));
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
  /** Side by side, as all that is done for several: a device that says nothing must not keep the next one waiting. */
  const forAll = async (work: (appliance: Actuated) => Promise<void>): Promise<void> => {
    await Promise.all(options.appliances.map(work));
  };
  const endLeases = (): Promise<void> =>
    forAll(async (appliance) => {
      const { resource, safe } = appliance;
      const untilMs = leases.get(resource);
      if (untilMs === undefined || untilMs > clock.monotonicMs()) return;
      await write(appliance, safe, "lease ended, safe state");
      const now = known.get(resource);
      // Else it stays ended and the next check tries again.
      if (now && sameSetting(now, safe) && leases.get(resource) === untilMs) leases.delete(resource);
    });
  /** Tells devices with a timeout of their own again what they do. */
  const keepAlive = (): Promise<void> =>
    forAll(async (appliance) => {
      const { resource, device } = appliance;
      if (device.keepAliveS === undefined) return;
      const everyMs = device.keepAliveS * 1000;
      await inTurn(resource, async () => {
        const now = known.get(resource);
        const dueMs = (spokenMs.get(resource) ?? -Infinity) + everyMs;
        if (now && dueMs <= clock.monotonicMs()) await tell(appliance, now, "kept alive");
      });
    });

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
        if (now && sameSetting(now, setting) && !busy(resource)) {
          stubborn.followed(resource);
          return [];
        }
        return [{ appliance, setting, reason, less: now === undefined || setting.powerW < now.powerW }];
      });
      // Lines work side by side, and a device that takes long goes on behind the next decision: neither may hold up the others.
      for (const less of [true, false]) {
        // After the stop nothing begins to draw.
        if (options.signal.aborted) return;
        const written = due
          .filter((one) => one.less === less)
          .map(({ appliance, setting, reason }) => write(appliance, setting, reason));
        if (written.length > 0) await withPatience(Promise.all(written), patienceMs, clock, options.signal);
      }
    },
    readBack: (elsewhere) =>
      forAll(async (appliance) => {
        const { resource } = appliance;
        const setting = await changed(appliance);
        if (options.signal.aborted || setting === undefined) return;
        log.warn({ resource, ...setting }, "appliance was switched by somebody else");
        journal({ resource, setting, reason: "switched by somebody else" });
        elsewhere(resource, setting);
      }),
    async safeState(reason) {
      leases.clear();
      // Written even where it reads as it should: a board that lies shows itself only by the write.
      await forAll(async (appliance) => {
        await changed(appliance);
        await inTurn(appliance.resource, () => tell(appliance, appliance.safe, reason));
      });
    },
    isSet: (resource) => known.get(resource),
    alarm: stubborn.alarm,
    switches: () => switches,
  };
}

const readsSame = (one: Setting, other: Setting): boolean =>
  one.mode === other.mode && Math.abs(one.powerW - other.powerW) <= toleranceW;

const said = ({ mode, powerW }: Setting): string => `${mode} (${powerW} W)`;
