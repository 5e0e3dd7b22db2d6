import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { ControlKeyJwk } from "../../core/envelope.ts";
import { Name, SiteName } from "../../core/message/fields.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { syncFolder, writeWholeFile } from "../../core/write-whole-file.ts";

/** What enrolment taught; secrets are in files beside it. */
const Enrolment = z.object({
  v: z.literal(1),
  aggregator: Name,
  gatewayId: SiteName,
  brokerUrl: z.string(),
  /** Where certificates are renewed. */
  url: z.string(),
  controlKeys: z.array(ControlKeyJwk).min(1),
});
export type Enrolment = z.infer<typeof Enrolment>;

/** The files of the enrolment that is in force. Their names stay the same when they are replaced. */
export interface EnrolmentFiles {
  keyFile: string;
  certFile: string;
  caFile: string;
}

/** `enrolment/current` is a link to the folder in force: it changes in one step, so key, certificate and the rest always fit. */
const home = (stateFolder: string): string => join(stateFolder, "enrolment");
const current = (stateFolder: string): string => join(home(stateFolder), "current");

/** Where changes of the pinned control keys are kept, enrolled or not. */
export const keyRingFile = (stateFolder: string): string => join(stateFolder, "control-keys.json");

export function enrolmentFiles(stateFolder: string): EnrolmentFiles {
  const folder = current(stateFolder);
  return { keyFile: join(folder, "client.key"), certFile: join(folder, "client.crt"), caFile: join(folder, "ca.crt") };
}

/** What is in force; null where the gateway is not enrolled. @throws AppError enrolment-unreadable, enrolment-malformed */
export function readEnrolment(stateFolder: string): Enrolment | null {
  const file = join(current(stateFolder), "enrolment.json");
  if (!existsSync(current(stateFolder))) return null;
  return parseAs(Enrolment, readJsonFile(file, "enrolment-unreadable"), "enrolment-malformed", file);
}

/** A folder in the making. */
export interface PendingEnrolment {
  /** Its private key, PEM: on the disk before anybody is asked, so that an answer that comes is never without its key. */
  keyPem: string;
  /**
   * Puts it in force in one step and removes what was before.
   * @param options.keepsKeys whether changes of the control keys before it still count; else dropOldKeys forgets them
   */
  commit(enrolment: Enrolment, certificate: string, ca: string, options: { keepsKeys: boolean }): void;
}

/**
 * The key for the next certificate: that of a try that was interrupted, or a new one (mode 0600).
 * @throws AppError enrolment-not-writable
 */
export function pendingEnrolment(stateFolder: string, newKey: () => string): PendingEnrolment {
  return writing(stateFolder, () => {
    const folder = home(stateFolder);
    const owner = ownerFor(stateFolder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const inForce = generationInForce(stateFolder);
    const left = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== inForce && existsSync(join(folder, entry.name, "client.key")))
      .map(({ name }) => name)[0];
    const name = left ?? randomBytes(6).toString("hex");
    const pending = join(folder, name);
    const keyFile = join(pending, "client.key");
    if (left === undefined) {
      mkdirSync(pending, { mode: 0o700 });
      writeWholeFile(keyFile, newKey(), 0o600);
    }
    return {
      keyPem: readFileSync(keyFile, "utf8"),
      commit: (enrolment, certificate, ca, { keepsKeys }) =>
        writing(stateFolder, () => {
          const mark = join(pending, startsAnew);
          if (keepsKeys) rmSync(mark, { force: true });
          else writeWholeFile(mark, "", 0o600);
          writeWholeFile(join(pending, "client.crt"), withEnd(certificate), 0o600);
          writeWholeFile(join(pending, "ca.crt"), withEnd(ca), 0o600);
          writeWholeFile(join(pending, "enrolment.json"), `${JSON.stringify(enrolment, null, 2)}\n`, 0o600);
          // Made by root, read by the agent's own user.
          if (owner) giveTo(owner, [stateFolder, folder, pending, ...readdirSync(pending).map((file) => join(pending, file))]);
          const link = `${current(stateFolder)}.part`;
          rmSync(link, { force: true });
          symlinkSync(name, link);
          renameSync(link, current(stateFolder));
          syncFolder(folder);
          for (const other of readdirSync(folder))
            if (other !== name && other !== "current") rmSync(join(folder, other), { recursive: true, force: true });
        }),
    };
  });
}

/** Stands in the folder of an enrolment that has its keys from the code alone, until those of before are forgotten. */
const startsAnew = "starts-anew";

/**
 * Forgets changes of control keys that are from before the enrolment in force; nothing where there are none. For the enrolment
 * itself, and for each start of the agent: the enrolment may have been killed between its last two steps.
 */
export function dropOldKeys(stateFolder: string): void {
  const mark = join(current(stateFolder), startsAnew);
  if (!existsSync(mark)) return;
  rmSync(keyRingFile(stateFolder), { force: true });
  syncFolder(stateFolder);
  rmSync(mark, { force: true });
}

/** Forgets certificate, key and what else enrolment taught. False where there was nothing. */
export function forgetEnrolment(stateFolder: string): boolean {
  const there = existsSync(home(stateFolder));
  // The link first: half an enrolment must not look like a whole one.
  rmSync(current(stateFolder), { force: true });
  rmSync(home(stateFolder), { recursive: true, force: true });
  rmSync(keyRingFile(stateFolder), { force: true });
  return there;
}

function generationInForce(stateFolder: string): string | undefined {
  try {
    return readlinkSync(current(stateFolder));
  } catch {
    return undefined;
  }
}

/** Whom the files of a state folder belong to, where we are root and they do not belong to us. */
function ownerFor(stateFolder: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  let there = stateFolder;
  while (!existsSync(there)) there = dirname(there);
  const { uid, gid } = statSync(there);
  return uid === 0 ? undefined : { uid, gid };
}

function giveTo({ uid, gid }: { uid: number; gid: number }, paths: readonly string[]): void {
  for (const path of paths) if (lstatSync(path).uid !== uid) chownSync(path, uid, gid);
}

function writing<T>(stateFolder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      "enrolment-not-writable",
      `cannot write below ${home(stateFolder)}: ${errorMessage(cause)}; run it as root or as the agent's user`,
      { cause },
    );
  }
}

const withEnd = (pem: string): string => `${pem.trim()}\n`;
