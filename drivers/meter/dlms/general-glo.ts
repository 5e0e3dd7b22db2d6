import { createDecipheriv } from "node:crypto";
import { AppError } from "../../../core/app-error.ts";

/** Keys of one meter, 16 bytes each, as the grid operator hands them out. */
export interface DlmsKeys {
  /** Global unicast encryption key (GUEK, "EK"). */
  encryptionKey: Uint8Array;
  /** Authentication key (GAK, "AK"); without it the ways that need none are tried. */
  authenticationKey?: Uint8Array | undefined;
}

/** How far a message's cipher was seen through. */
export type Encryption = "none" | "verified" | "decrypted-unverified";

/** A general-glo-ciphering APDU taken apart; nothing is checked yet. The arrays are views into the input. */
export interface GeneralGlo {
  /** System title of the meter, 8 bytes; zeros where the meter sends an empty one. */
  title: Uint8Array;
  securityControl: number;
  /** Frame counter, which a meter never uses twice under one key. */
  counter: number;
  /** Title and counter: the nonce of AES-GCM, 12 bytes. */
  iv: Uint8Array;
  ciphertext: Uint8Array;
  /** Null where the security byte says that there is none. */
  tag: Uint8Array | null;
  /** Offset behind the last byte. */
  end: number;
}

/** Bit of the security byte that says that a tag follows. */
const authenticated = 0x10;
const encrypted = 0x20;
const tagBytes = 12;
/** Authentication key of all Luxembourg meters, printed in the grid operators' P1 specification. */
const luxembourgKey = Buffer.from("00112233445566778899AABBCCDDEEFF", "hex");

/**
 * Offset and length of what a BER length at `at` announces; undefined while bytes are missing.
 * @throws AppError dlms-bad-length for a form that no meter sends
 */
export function berLength(bytes: Uint8Array, at: number): { length: number; start: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { length: first, start: at + 1 };
  const size = first - 0x80;
  if (size !== 1 && size !== 2)
    throw new AppError("dlms-bad-length", `length of ${size} bytes at offset ${at}; 1 or 2 were expected, the frame is damaged`);
  if (at + size >= bytes.length) return undefined;
  const length = size === 1 ? (bytes[at + 1] ?? 0) : (bytes[at + 1] ?? 0) * 256 + (bytes[at + 2] ?? 0);
  return { length, start: at + 1 + size };
}

/**
 * Takes a ciphered APDU apart: tag DB, title, length, security byte, frame counter, ciphertext, tag.
 * @param at offset of DB, or of the title's length where the meter leaves DB out (Poland)
 * @throws AppError dlms-truncated, dlms-bad-length, dlms-unsupported-security
 * @see IEC 62056-5-3 (general-glo-ciphering, security suite 0)
 */
export function parseGeneralGlo(bytes: Uint8Array, at = 0): GeneralGlo {
  const titleAt = bytes[at] === 0xdb ? at + 1 : at;
  const titleLength = bytes[titleAt];
  if (titleLength !== 8 && titleLength !== 0)
    throw new AppError(
      "dlms-bad-length",
      `system title of ${titleLength ?? "no"} bytes at offset ${titleAt}; 8 or 0 were expected`,
    );
  const size = berLength(bytes, titleAt + 1 + titleLength);
  const truncated = (): AppError =>
    new AppError(
      "dlms-truncated",
      `ciphered frame ends after ${bytes.length - at} bytes, before its announced end; check the line`,
    );
  if (!size || bytes.length < size.start + size.length) throw truncated();
  const end = size.start + size.length;
  const securityControl = bytes[size.start] ?? 0;
  if ((securityControl & encrypted) === 0 || (securityControl & 0x0f) > 2)
    throw new AppError(
      "dlms-unsupported-security",
      `security byte 0x${securityControl.toString(16)}; 0x20, 0x21 and 0x30 are supported`,
    );
  const hasTag = (securityControl & authenticated) !== 0;
  const textEnd = hasTag ? end - tagBytes : end;
  if (textEnd <= size.start + 5) throw new AppError("dlms-bad-length", `ciphered frame of ${size.length} bytes has no content`);
  const title = new Uint8Array(8);
  title.set(bytes.subarray(titleAt + 1, titleAt + 1 + titleLength));
  const iv = new Uint8Array(12);
  iv.set(title);
  iv.set(bytes.subarray(size.start + 1, size.start + 5), 8);
  return {
    title,
    securityControl,
    counter: new DataView(iv.buffer).getUint32(8),
    iv,
    ciphertext: bytes.subarray(size.start + 5, textEnd),
    tag: hasTag ? bytes.subarray(textEnd, end) : null,
    end,
  };
}

/**
 * Deciphers an APDU. A frame with a tag is only given back when the tag holds: with a right encryption key and a wrong
 * authentication key the text would be readable and could still be forged.
 * @throws AppError dlms-key-missing, dlms-bad-tag
 */
export function decipher(
  glo: GeneralGlo,
  keys: DlmsKeys | undefined,
): { plain: Uint8Array; encryption: Exclude<Encryption, "none"> } {
  if (!keys)
    throw new AppError(
      "dlms-key-missing",
      "the meter encrypts its frames; ask the grid operator for the keys and set encryption_key",
    );
  if (glo.tag === null) return { plain: gcm(glo, keys.encryptionKey).update(glo.ciphertext), encryption: "decrypted-unverified" };
  for (const additional of additionalData(glo.securityControl, keys.authenticationKey)) {
    const opening = gcm(glo, keys.encryptionKey).setAAD(additional).setAuthTag(glo.tag);
    try {
      return { plain: Buffer.concat([opening.update(glo.ciphertext), opening.final()]), encryption: "verified" };
    } catch {
      // The tag did not hold for this form of additional data.
    }
  }
  throw new AppError(
    "dlms-bad-tag",
    `the frame's authentication tag does not hold; check ${keys.authenticationKey ? "both keys" : "encryption_key, and set authentication_key"}, or the frame was changed`,
  );
}

function gcm(glo: GeneralGlo, key: Uint8Array) {
  return createDecipheriv("aes-128-gcm", key, glo.iv, { authTagLength: tagBytes });
}

/** What the tag covers besides the text. Without a key of one's own: Luxembourg's public key, then nothing at all. */
function additionalData(securityControl: number, key: Uint8Array | undefined): Uint8Array[] {
  const withKey = (of: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.of(securityControl), of]);
  return key ? [withKey(key)] : [withKey(luxembourgKey), new Uint8Array()];
}
