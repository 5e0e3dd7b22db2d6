import { openStore } from "../../aggregator/store/open-store.ts";
import { AppError } from "../../core/app-error.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { wholeNumber } from "../whole-number.ts";
import { whoAsks } from "./who.ts";

/**
 * `smart-mla aggregator refill MIRROR -c FILE [--from N] [--json]`: lets a mirror that has lost data get it again. A running
 * aggregator begins within five minutes.
 * @throws AppError mirror-unknown, usage-bad-number
 */
export async function aggregatorRefill(
  url: string,
  options: { config: string; from: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const { settlement, database } = readAggregatorConfig(options.config);
  const mirror = url.replace(/\/+$/, "");
  const from = wholeNumber("--from", options.from, { least: 1 });
  const mirrors = settlement?.log.mirrors ?? [];
  if (!mirrors.includes(mirror))
    throw new AppError(
      "mirror-unknown",
      `${mirror} is none of settlement.log.mirrors: ${mirrors.join(", ") || "there are none"}`,
    );
  const store = await openStore(database);
  try {
    const epoch = Math.min(from - 1, await store.mirrored(mirror));
    await store.audited(
      (part) => part.setMirrored(mirror, epoch),
      () => ({ atMs: Date.now(), who: whoAsks(), action: "mirror.refill", site: null, detail: { mirror, from } }),
    );
  } finally {
    await store.close();
  }
  say(
    options.json ? JSON.stringify({ mirror, from }) : `${mirror} gets every final epoch from ${from} on, a hundred in each round`,
  );
  return exitCode.good;
}
