import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Setting } from "../../core/setting.ts";
import { sameSetting } from "../guard/guarded-appliance.ts";

/** Appliances that do not do what they are told. */
export interface Stubbornness {
  /** False where the same was tried in vain so often that only a pause is left: a long one where it was told and did not follow. */
  mayTry(resource: string, setting: Setting): boolean;
  failed(resource: string, setting: Setting, error: unknown): void;
  followed(resource: string): void;
  /** What it was told last and has not followed; undefined where it has. */
  awaited(resource: string): Setting | undefined;
  /** What is wrong, once it has lasted; undefined else. */
  alarm(resource: string): string | undefined;
}

/**
 * The first try and three more; then one each quarter of an hour where it was told and did not follow, so that a contact that
 * hangs is not hammered, and one each ten seconds where it could not be told at all.
 */
const mostTries = 4;
const pauseMs = 15 * 60_000;
const unreachedPauseMs = 10_000;
/** A slow device has so long before anybody is woken. */
const alarmAfterMs = 5_000;

interface Failing {
  setting: Setting;
  tries: number;
  lastMs: number;
  /** Until it may be tried again once the tries are used up. */
  pauseMs: number;
  fields: Record<string, unknown>;
  message: string;
  alarmed: boolean;
}

/** Bounds retries and says once, when it has lasted, that an appliance does not follow. */
export function stubbornness(options: { clock: Clock; log: Log; signal: AbortSignal }): Stubbornness {
  const { clock, log } = options;
  const failing = new Map<string, Failing>();
  /** Still the same trouble, whatever was told meanwhile. */
  const alarmLater = (resource: string): void =>
    clock.after(
      alarmAfterMs,
      () => {
        const failed = failing.get(resource);
        if (!failed || failed.alarmed) return;
        failed.alarmed = true;
        log.error(failed.fields, "appliance does not follow");
      },
      options.signal,
    );
  return {
    mayTry(resource, setting) {
      const failed = failing.get(resource);
      if (!failed || !sameSetting(failed.setting, setting) || failed.tries < mostTries) return true;
      return clock.monotonicMs() - failed.lastMs >= failed.pauseMs;
    },
    failed(resource, setting, error) {
      const before = failing.get(resource);
      const fields = { resource, ...setting, code: errorCode(error), error: errorMessage(error) };
      failing.set(resource, {
        setting,
        tries: before && sameSetting(before.setting, setting) ? before.tries + 1 : 1,
        lastMs: clock.monotonicMs(),
        pauseMs: error instanceof AppError && error.temporary ? unreachedPauseMs : pauseMs,
        fields,
        message: errorMessage(error),
        alarmed: before?.alarmed ?? false,
      });
      if (before) return;
      log.warn(fields, "appliance does not follow, trying again");
      alarmLater(resource);
    },
    followed(resource) {
      if (failing.get(resource)?.alarmed) log.info({ resource }, "appliance follows again");
      failing.delete(resource);
    },
    awaited: (resource) => failing.get(resource)?.setting,
    alarm(resource) {
      const failed = failing.get(resource);
      return failed?.alarmed ? failed.message : undefined;
    },
  };
}
