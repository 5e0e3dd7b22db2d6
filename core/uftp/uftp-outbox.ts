import { setImmediate } from "node:timers/promises";
import { AppError, errorCode, errorMessage } from "../app-error.ts";
import { type Clock, iso } from "../clock/clock.ts";
import type { Log } from "../log.ts";
import type { UftpMessage } from "../message/uftp.ts";
import type { UftpClient } from "./uftp-client.ts";
import { uftpWindowMs } from "./uftp-envelope.ts";

const retryMs = 1000;
/** What has no end of its own is tried for so long. */
const longestMs = 3_600_000;
/** Messages for one recipient: who asks for answers and takes none does not fill the memory. */
const mostWaiting = 1000;

/** Sends messages in the order in which they are given, for each recipient by itself. Simulated time waits for each try. */
export interface UftpOutbox {
  /** Returns at once. What cannot be delivered is tried again until it has expired. */
  send(messages: readonly UftpMessage[]): void;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
}

/** @param options.urlOf address of a participant; undefined where it is not known */
export function uftpOutbox(options: {
  client: UftpClient;
  urlOf: (domain: string) => string | undefined;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): UftpOutbox {
  const { client, urlOf, clock, log, signal } = options;
  const queues = new Map<string, Promise<void>>();
  const waiting = new Map<string, number>();
  return {
    send(messages) {
      for (const message of messages) {
        const to = message.RecipientDomain;
        const count = waiting.get(to) ?? 0;
        if (count >= mostWaiting) {
          log.warn(
            { to, message: message.Message, waiting: count },
            "message is not kept, its recipient takes none of those before",
          );
          continue;
        }
        waiting.set(to, count + 1);
        const before = queues.get(to) ?? Promise.resolve();
        queues.set(
          to,
          before.then(() => delivered(message)).finally(() => waiting.set(to, (waiting.get(to) ?? 1) - 1)),
        );
      }
      void clock.hold(setImmediate());
    },
    idle: async () => void (await Promise.all(queues.values())),
  };

  async function delivered(message: UftpMessage): Promise<void> {
    const untilMs = "ExpirationDateTime" in message ? Date.parse(message.ExpirationDateTime) : clock.now() + longestMs;
    let { TimeStamp } = message;
    for (;;) {
      if (signal.aborted) return;
      // The same text as long as it would be believed, so that the other side knows it again.
      if (clock.now() - Date.parse(TimeStamp) >= uftpWindowMs) TimeStamp = iso(clock.now());
      try {
        const url = urlOf(message.RecipientDomain);
        if (url === undefined) throw new AppError("uftp-unknown-recipient", `no address is known of ${message.RecipientDomain}`);
        const tried = client.send(url, { ...message, TimeStamp });
        // The one behind it begins before time goes on.
        void clock.hold(tried.then(turn, turn));
        return await tried;
      } catch (error) {
        const fields = {
          to: message.RecipientDomain,
          message: message.Message,
          code: errorCode(error),
          error: errorMessage(error),
        };
        if (!(error instanceof AppError && error.temporary) || clock.now() >= untilMs)
          return log.warn(fields, "message could not be delivered");
        log.debug(fields, "message is tried again");
        // An end that came while it was sent is told to nobody any more.
        if (signal.aborted) return undefined;
        await new Promise<void>((resolve) => {
          const stopped = (): void => resolve();
          const again = (): void => {
            // A recipient may be away for an hour of tries.
            signal.removeEventListener("abort", stopped);
            resolve();
          };
          clock.after(retryMs, again, signal);
          signal.addEventListener("abort", stopped, { once: true });
        });
      }
    }
  }
}

const turn = (): Promise<void> => setImmediate();
