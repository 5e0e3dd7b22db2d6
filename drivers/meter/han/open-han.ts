import { AppError } from "../../../core/app-error.ts";
import { decipher, parseGeneralGlo, type DlmsKeys, type Encryption, type GeneralGlo } from "../dlms/general-glo.ts";
import type { Frame } from "../framer.ts";
import { badData } from "./axdr.ts";
import { hanList, type HanList, type HanListOptions } from "./han-list.ts";

/** A message as it is read, and what speaks for it. */
export interface OpenedHan {
  list: HanList;
  encryption: Encryption;
  /** valid: a checksum of the line held, and the tag where the message is ciphered; unchecked: one of them is missing; suspect: both. */
  quality: "valid" | "unchecked" | "suspect";
}

/**
 * The list in a frame, deciphered where it is ciphered.
 * @param fresh told of every frame that was deciphered and read; throws where its counter came before
 * @throws AppError of the cipher; han-bad-data
 */
export function openHan(
  frame: Frame,
  options: HanListOptions & { keys: DlmsKeys | undefined },
  fresh: (glo: GeneralGlo) => void,
): OpenedHan {
  if (frame.cipherAt === undefined)
    return { list: hanList(frame.bytes, options), encryption: "none", quality: frame.checked ? "valid" : "unchecked" };
  const glo = parseGeneralGlo(frame.bytes, frame.cipherAt);
  const { plain, encryption } = decipher(glo, options.keys);
  // Without a tag nothing but its length says that no segment of it came twice.
  if (encryption !== "verified" && glo.end !== frame.bytes.length)
    throw badData(glo.end, `${frame.bytes.length - glo.end} bytes behind the ciphered message`);
  const list = encryption === "verified" ? hanList(plain, options) : hopedFor(plain, options);
  fresh(glo);
  const quality = encryption === "verified" ? "valid" : frame.checked ? "unchecked" : "suspect";
  return { list, encryption, quality };
}

/** A list that no tag speaks for: with a wrong key the text is noise. */
function hopedFor(plain: Uint8Array, options: HanListOptions): HanList {
  try {
    return hanList(plain, options);
  } catch (cause) {
    throw new AppError("han-bad-data", "the deciphered text is no list; check encryption_key, or the line lost bytes", { cause });
  }
}
