import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { KeptEpochs } from "./kept-epochs.ts";
import type { LogPublisher } from "./log-publisher.ts";

/** A mirror that takes longer for one epoch has failed; wall time. */
const patienceMs = 60_000;
/** Epochs that one mirror is given in one go. */
const mostAtOnce = 100;

/**
 * Gives mirrors the data of final epochs that they have not: `PUT {mirror}/{by}/{epoch}` with the raw bytes. A mirror that
 * fails is tried again later and does not hold up the others.
 */
export async function fillMirrors(options: {
  store: Pick<KeptEpochs, "finalAfter" | "mirrored" | "setMirrored">;
  publisher: Pick<LogPublisher, "bytesOf">;
  owner: string;
  mirrors: readonly string[];
  log: Log;
}): Promise<void> {
  const { store, publisher, owner, log } = options;
  for (const mirror of options.mirrors) {
    try {
      for (const epoch of (await store.finalAfter(await store.mirrored(mirror))).slice(0, mostAtOnce)) {
        const taken = await put(`${mirror}/${owner}/${epoch}`, await publisher.bytesOf(epoch));
        if (!taken) log.error({ mirror, epoch }, "mirror does not take the data of this epoch for what the chain says, left out");
        await store.setMirrored(mirror, epoch);
      }
    } catch (error) {
      log.warn({ mirror, code: errorCode(error), error: errorMessage(error) }, "mirror not filled, tried again later");
    }
  }
}

/** How a mirror says that it will never take these bytes, such as those of which a home's records were erased. */
const never = new Set([409, 413, 422]);

/** False where the mirror will never take them. @throws AppError mirror-unreachable, mirror-refused, both temporary */
async function put(url: string, bytes: Uint8Array): Promise<boolean> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(bytes),
      signal: AbortSignal.timeout(patienceMs),
    });
  } catch (cause) {
    throw new AppError("mirror-unreachable", `no answer from ${url}; check settlement.log.mirrors`, { temporary: true, cause });
  }
  await response.body?.cancel();
  if (!response.ok && !never.has(response.status))
    throw new AppError("mirror-refused", `${url} answered ${response.status}; it has to take PUT from here`, { temporary: true });
  return response.ok;
}
