import { AppError } from "../../../core/app-error.ts";
import { decipher, parseGeneralGlo, type DlmsKeys, type Encryption, type GeneralGlo } from "../dlms/general-glo.ts";
import type { Frame } from "../framer.ts";
import { p1Framer } from "./p1-framer.ts";

/** A telegram as it is read, and what speaks for it. */
export interface OpenedP1 {
  /** The clear telegram. */
  bytes: Uint8Array;
  encryption: Encryption;
  /** State of the telegram's own CRC; inside a cipher it may fail though the tag holds (seen on Smarty meters). */
  crc: "valid" | "invalid" | "absent";
}

/**
 * The clear telegram in a frame. A ciphered one is believed for its tag; without a tag only its own CRC can speak for it.
 * @param fresh told of every frame that was deciphered; throws where its counter came before
 * @throws AppError of the cipher; p1-bad-crc, p1-truncated
 */
export function openP1(frame: Frame, keys: DlmsKeys | undefined, fresh: (glo: GeneralGlo) => void): OpenedP1 {
  if (frame.cipherAt === undefined) return { bytes: frame.bytes, encryption: "none", crc: frame.checked ? "valid" : "absent" };
  const glo = parseGeneralGlo(frame.bytes, frame.cipherAt);
  const { plain, encryption } = decipher(glo, keys);
  const inner = innerTelegram(plain);
  if (encryption === "decrypted-unverified" && inner.crc !== "valid")
    throw new AppError(
      "p1-bad-crc",
      "the deciphered telegram has no valid CRC, and its cipher no tag; check encryption_key, or the line lost bytes",
    );
  fresh(glo);
  return { ...inner, encryption };
}

/** @throws AppError p1-truncated where the text is no telegram */
function innerTelegram(plain: Uint8Array): Pick<OpenedP1, "bytes" | "crc"> {
  let found: Pick<OpenedP1, "bytes" | "crc"> | undefined;
  const framer = p1Framer({
    frame: ({ bytes, checked, cipherAt }) => {
      if (cipherAt === undefined) found ??= { bytes, crc: checked ? "valid" : "absent" };
    },
    rejected: ({ code, bytes }) => {
      if (code === "p1-bad-crc") found ??= { bytes, crc: "invalid" };
    },
  });
  framer.push(plain);
  framer.end();
  if (!found) throw new AppError("p1-truncated", "the deciphered text is no P1 telegram; check encryption_key");
  return found;
}
