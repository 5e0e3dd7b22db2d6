import type { z } from "zod";
import { AppError, errorMessage } from "../../../core/app-error.ts";
import type { Clock } from "../../../core/clock/clock.ts";
import type { Log } from "../../../core/log.ts";
import type { Setting } from "../../../core/setting.ts";
import { readPassword } from "../../bus/password-file.ts";
import type { ApplianceDevice } from "../appliance-device.ts";
import { startCentralSystem } from "./central-system.ts";
import { chargerAbilities, type Offered } from "./charger-abilities.ts";
import { chargerSession } from "./charger-session.ts";
import {
  CompositeSchedule,
  limitNow,
  limitOf,
  modesOf,
  profilesOf,
  settingOf,
  type RateUnit,
  type Wiring,
} from "./charging-profile.ts";
import type { OcppOptions } from "./ocpp-options.ts";

/** A charger that dials us; whoever made it closes it. */
export interface OcppCharger extends ApplianceDevice {
  /** Where it listens. */
  readonly port: number;
  /** Needs a connected charger; where it is not, the failsafe is kept and goes out with the first setting. */
  arm(failsafe: Setting, timeoutS: number): Promise<void>;
  close(): Promise<void>;
}

/** From options in YAML. @throws AppError config-invalid, password-file-unreadable, ocpp-cannot-listen */
export function ocppChargerOf(
  options: z.output<typeof OcppOptions>,
  given: { name: string; clock: Clock; log: Log },
): Promise<OcppCharger> {
  const { min_current_a: minA, max_current_a: maxA, phases, password_file: file } = options;
  if (minA > maxA)
    throw new AppError("config-invalid", `charger ${given.name}: min_current_a ${minA} is above max_current_a ${maxA}`);
  return ocppCharger({
    ...given,
    host: options.listen_host,
    port: options.listen_port,
    chargePointId: options.charge_point_id,
    connector: options.connector,
    wiring: { minA, maxA, phases },
    ...(file !== undefined && { password: readPassword(file) }),
  });
}

/**
 * A charger by OCPP 1.6J: it is limited by a TxDefaultProfile, 0 for "off", and asked by GetCompositeSchedule what holds.
 * What it is set to is as good as its word, "Accepted", where it cannot say, and while no car charges: the schedule need not
 * have a default for transactions then. Once armed, each setting goes out with the failsafe behind it.
 * @param options.port 0 for any
 * @param options.callTimeoutMs wall time for an answer of the charger; default 10,000
 * @throws AppError ocpp-cannot-listen
 */
export async function ocppCharger(options: {
  name: string;
  host: string;
  port: number;
  chargePointId: string;
  password?: string;
  connector: number;
  wiring: Wiring;
  clock: Clock;
  log: Log;
  callTimeoutMs?: number;
}): Promise<OcppCharger> {
  const { name, connector, wiring, clock, log } = options;
  let offered: Promise<Offered> | undefined;
  let unit: RateUnit | undefined;
  let armed: { failsafe: Setting; timeoutS: number } | undefined;
  /** What the charger has last accepted. */
  let told: { setting: Setting; atMs: number } | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const session = chargerSession({
    clock,
    connector,
    onBoot() {
      told = undefined;
      offered = undefined;
      const { failsafe } = armed ?? {};
      // It may charge without a limit until the next setting. The answer to its BootNotification goes out first.
      if (failsafe)
        setImmediate(() =>
          enqueue(() => (told ? Promise.resolve() : tell(failsafe))).catch((error: unknown) =>
            log.warn({ charger: name, error: errorMessage(error) }, "charger not limited after its start"),
          ),
        );
    },
  });
  const system = await startCentralSystem({
    ...options,
    answers: session.answers,
    onConnect() {
      offered = undefined;
    },
  });
  if (options.password === undefined && !["127.0.0.1", "::1", "localhost"].includes(options.host))
    log.warn({ charger: name, host: options.host }, "charger needs no password: whoever is in its network can pass for it");

  const abilities = (): Promise<Offered> => {
    const asked = offered ?? chargerAbilities(system, connector);
    offered = asked;
    asked.catch(() => {
      if (offered === asked) offered = undefined;
    });
    return asked;
  };

  /** Hands the charger a setting, with the failsafe behind it, in the first unit that it accepts. */
  const tell = async (setting: Setting): Promise<void> => {
    const able = await abilities();
    const units = unit && able.units.includes(unit) ? [unit] : able.units;
    let refusal = "";
    for (const one of units) {
      refusal = await send(setting, one, able);
      if (refusal !== "") continue;
      unit = one;
      told = { setting: settingOf(limitOf(setting, wiring, one), wiring, one), atMs: clock.monotonicMs() };
      return;
    }
    unit = undefined;
    throw new AppError(
      "device-not-following",
      `charger ${name} answered ${refusal} to a limit; does it have Smart Charging, and is it switched on?`,
      {
        temporary: true,
      },
    );
  };
  /** What the charger said instead of Accepted, or nothing. */
  const send = async (setting: Setting, one: RateUnit, able: Offered): Promise<string> => {
    const profiles = profilesOf({
      limit: limitOf(setting, wiring, one),
      ...(armed && { after: { limit: limitOf(armed.failsafe, wiring, one), afterS: armed.timeoutS } }),
      wiring,
      abilities: { ...able, unit: one },
      nowMs: clock.now(),
    });
    for (const csChargingProfiles of profiles) {
      const said = await system.call("SetChargingProfile", { connectorId: connector, csChargingProfiles });
      if ("refused" in said) return said.refused;
      const { status } = said.answer as { status: string };
      if (status !== "Accepted") return status;
    }
    return "";
  };

  /** What was accepted, or what has taken its place by itself since. */
  const remembered = (): Setting | undefined => {
    if (!told) return undefined;
    const over = armed !== undefined && clock.monotonicMs() - told.atMs >= armed.timeoutS * 1000;
    return over && armed ? armed.failsafe : told.setting;
  };
  const read = async (): Promise<Setting> => {
    await abilities();
    const said = await system.call("GetCompositeSchedule", { connectorId: connector, duration: 60 });
    const schedule = CompositeSchedule.safeParse("answer" in said ? said.answer : undefined);
    const now = schedule.success && schedule.data.status === "Accepted" ? limitNow(schedule.data, clock.now()) : undefined;
    const word = remembered();
    const measured = now && settingOf(now.limit, wiring, now.unit);
    if (measured && (session.transaction() === true || !word || measured.powerW <= word.powerW)) return measured;
    if (word) return word;
    throw new AppError("device-no-answer", `charger ${name} cannot say what it is set to before it is set`, { temporary: true });
  };

  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  return {
    name,
    port: system.port,
    modes: modesOf(wiring),
    get keepAliveS() {
      return armed && Math.max(1, Math.floor(armed.timeoutS / 2));
    },
    set: (setting) =>
      enqueue(async () => {
        await tell(setting);
        const [wanted, is] = [told?.setting ?? setting, await read()];
        if (is.mode !== wanted.mode || is.powerW > wanted.powerW)
          throw new AppError(
            "device-not-following",
            `charger ${name} accepted ${wanted.mode} ${wanted.powerW} W and reads ${is.mode} ${is.powerW} W; another profile or system limits it`,
            { temporary: true },
          );
      }),
    read: () => enqueue(read),
    async arm(failsafe, timeoutS) {
      // Refuses one that cannot be before it is kept.
      limitOf(failsafe, wiring, "W");
      armed = { failsafe, timeoutS };
      await enqueue(async () => {
        const able = await abilities();
        try {
          for (const limit of [0, wiring.maxA])
            profilesOf({
              limit,
              after: { limit: limitOf(failsafe, wiring, "A"), afterS: timeoutS },
              wiring,
              abilities: { ...able, unit: "A" },
              nowMs: 0,
            });
        } catch (error) {
          armed = undefined;
          throw error;
        }
        await tell(remembered() ?? failsafe);
      });
    },
    close: () => system.close(),
  };
}
