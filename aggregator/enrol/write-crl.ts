import { AppError, errorMessage } from "../../core/app-error.ts";
import { writeWholeFile } from "../../core/write-whole-file.ts";
import type { EnrolmentConfig } from "../config/aggregator-config.ts";
import type { EnrolmentStore } from "../store/enrolment-store.ts";
import type { Authority } from "./authority.ts";

/** Writes the list of revoked certificates for the broker; nothing where none is configured. @throws AppError crl-not-writable */
export async function writeCrl(parts: {
  config: Pick<EnrolmentConfig, "crlFile">;
  authority: Pick<Authority, "crl">;
  store: Pick<EnrolmentStore, "revoked">;
  nowMs: number;
}): Promise<void> {
  const { config, authority, store, nowMs } = parts;
  if (config.crlFile === undefined) return;
  const list = await authority.crl(await store.revoked(nowMs), nowMs);
  try {
    // Public by nature, and read by the broker's own user.
    writeWholeFile(config.crlFile, list, 0o644);
  } catch (cause) {
    throw new AppError("crl-not-writable", `cannot write ${config.crlFile} (enrolment.crl_file): ${errorMessage(cause)}`, {
      cause,
    });
  }
}
