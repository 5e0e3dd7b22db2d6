import { readFileSync } from "node:fs";
import { z } from "zod";
import { AppError, errorMessage } from "../../../core/app-error.ts";
import type { DlmsKeys } from "./general-glo.ts";

/** Options in YAML of meters that may encrypt: files with 32 hex digits each, as the grid operator gives the keys. */
export const KeyOptions = { encryption_key_file: z.string().optional(), authentication_key_file: z.string().optional() };

/**
 * Reads the key files; undefined without an encryption key.
 * @throws AppError meter-key-unreadable
 */
export function dlmsKeys(options: {
  encryption_key_file?: string | undefined;
  authentication_key_file?: string | undefined;
}): DlmsKeys | undefined {
  const { encryption_key_file: encryption, authentication_key_file: authentication } = options;
  if (encryption === undefined) return undefined;
  return {
    encryptionKey: dlmsKeyFromFile(encryption),
    ...(authentication !== undefined && { authenticationKey: dlmsKeyFromFile(authentication) }),
  };
}

function dlmsKeyFromFile(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new AppError("meter-key-unreadable", `key file ${path} cannot be read (${errorMessage(cause)})`, { cause });
  }
  return dlmsKeyFromHex(text, path);
}

/**
 * A key of 16 bytes from 32 hex digits; blanks between them do no harm.
 * @throws AppError meter-key-unreadable, which names where the text is from and never the text
 */
export function dlmsKeyFromHex(text: string, from: string): Uint8Array {
  const digits = text.replaceAll(/[\s:-]/g, "");
  if (!/^[0-9A-Fa-f]{32}$/.test(digits))
    throw new AppError("meter-key-unreadable", `${from} holds no key; 32 hex digits were expected`);
  return Buffer.from(digits, "hex");
}
