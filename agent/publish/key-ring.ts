import { existsSync } from "node:fs";
import type { JWK } from "jose";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import { ControlKeyJwk, importControlKey, publicJwk, type PinnedKeys } from "../../core/envelope.ts";
import type { Log } from "../../core/log.ts";
import type { KeyChange } from "../../core/message/key-change.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { writeWholeFile } from "../../core/write-whole-file.ts";

/** What followed on the keys of the configuration or the enrolment. */
const Kept = z.object({
  v: z.literal(1),
  added: z.array(ControlKeyJwk),
  /** From when on a key is no longer believed, ms; kept for good, so that none comes back. */
  dropped: z.record(z.string(), z.int()),
});
type Kept = z.infer<typeof Kept>;

/** The pinned control keys of a link, which may change by their own word. */
export interface KeyRing extends PinnedKeys {
  /**
   * Takes a change that a key of the ring signed; it is on the disk before it counts. One that says what is known already
   * changes nothing. An end that was announced can be brought forward, never put off.
   * @throws AppError keys-kid-taken, keys-dropped, keys-none-left; nothing is changed then
   */
  apply(change: KeyChange, by: string): Promise<void>;
}

/**
 * @param options.file where changes are kept, mode 0600
 * @throws AppError envelope-bad-key, keys-unreadable, keys-malformed
 */
export async function openKeyRing(options: {
  configured: readonly JWK[];
  file: string;
  clock: Pick<Clock, "now">;
  log: Log;
}): Promise<KeyRing> {
  const { file, clock, log } = options;
  let kept: Kept = existsSync(file)
    ? parseAs(Kept, readJsonFile(file, "keys-unreadable"), "keys-malformed", file)
    : { v: 1, added: [], dropped: {} };
  const all = (now: Kept): ReturnType<typeof publicJwk>[] => [...options.configured.map(publicJwk), ...now.added.map(publicJwk)];
  const imported = async (now: Kept) =>
    new Map((await Promise.all(all(now).map(importControlKey))).map(({ kid, key }) => [kid, key]));
  let keys = await imported(kept);
  return {
    get(kid) {
      const until = Object.hasOwn(kept.dropped, kid) ? kept.dropped[kid] : undefined;
      return until !== undefined && until <= clock.now() ? undefined : keys.get(kid);
    },
    async apply(change, by) {
      const next: Kept = { v: 1, added: [...kept.added], dropped: { ...kept.dropped } };
      for (const { kid, at } of change.drop) {
        const known = Object.hasOwn(next.dropped, kid) ? next.dropped[kid] : undefined;
        next.dropped[kid] = Math.min(known ?? Infinity, Date.parse(at));
      }
      for (const jwk of change.add.map(publicJwk)) {
        const same = all(next).find(({ kid }) => kid === jwk.kid);
        if (same && same.x !== jwk.x)
          throw new AppError("keys-kid-taken", `there is another key called "${jwk.kid}"; a new key needs a name of its own`);
        if (!same && Object.hasOwn(next.dropped, jwk.kid))
          throw new AppError("keys-dropped", `key "${jwk.kid}" was dropped; a dropped key never comes back`);
        if (!same) next.added.push(jwk);
      }
      if (all(next).every(({ kid }) => Object.hasOwn(next.dropped, kid)))
        throw new AppError("keys-none-left", `key "${by}" asks for a change that would leave no key to believe`);
      if (JSON.stringify(next) === JSON.stringify(kept)) return;
      const then = await imported(next);
      writeWholeFile(file, `${JSON.stringify(next, null, 2)}\n`, 0o600);
      [kept, keys] = [next, then];
      const dropped = Object.fromEntries(Object.entries(next.dropped).map(([kid, atMs]) => [kid, iso(atMs)]));
      log.warn({ by, keys: [...keys.keys()], dropped }, "control keys changed by the aggregator's word");
    },
  };
}
