import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AppError, errorMessage } from "../core/app-error.ts";
import type { Log } from "../core/log.ts";

/** What a daemon tells systemd; does nothing where NOTIFY_SOCKET is not set. */
export interface SystemdNotifier {
  /** @throws AppError notify-failed: with Type=notify a silent notifier would mean endless restarts */
  ready(): Promise<void>;
  /** Pings the watchdog. */
  alive(): void;
  stopping(): void;
  /** How often alive() should be called, ms. */
  readonly pingMs: number;
}

const defaultPingMs = 10_000;

/**
 * Speaks sd_notify through systemd-notify, because Node has no Unix datagram sockets.
 * The unit needs NotifyAccess=all and KillMode=mixed, else stopping kills the helper and fails.
 */
export function systemdNotifier(env: NodeJS.ProcessEnv, log: Log): SystemdNotifier {
  const active = env["NOTIFY_SOCKET"] !== undefined;
  const watchdogUs = Number(env["WATCHDOG_USEC"] ?? 0);
  const run = promisify(execFile);
  const tell = async (...words: string[]): Promise<void> => {
    if (active) await run("systemd-notify", [`--pid=${process.pid}`, ...words], { env, timeout: 5000 });
  };
  const quietly = (...words: string[]): void =>
    void tell(...words).catch((error: unknown) => log.warn({ error: errorMessage(error) }, "systemd-notify failed"));
  return {
    async ready() {
      await tell("--ready").catch((cause: unknown) => {
        throw new AppError(
          "notify-failed",
          `systemd-notify does not work (${errorMessage(cause)}); the unit needs NotifyAccess=all`,
          { cause },
        );
      });
    },
    alive: () => quietly("WATCHDOG=1"),
    // As a variable: systemd-notify knows the option --stopping only since version 253.
    stopping: () => quietly("STOPPING=1"),
    pingMs: watchdogUs > 0 ? watchdogUs / 1000 / 3 : defaultPingMs,
  };
}
