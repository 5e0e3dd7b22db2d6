import { createCipheriv } from "node:crypto";

/** Keys made up for tests. */
export const testKeys = {
  encryptionKey: Buffer.from("5ACE0F5EA5E1F1A757A57E571A60FF1E", "hex"),
  authenticationKey: Buffer.from("A11CEB0B0DDBA11C0FFEE0FDECADE5ED", "hex"),
};

/** A ciphered APDU as a meter builds it; the encoder of the tests, which shares nothing with the decoder. */
export function generalGlo(
  plain: Uint8Array,
  options: {
    title?: string;
    counter?: number;
    security?: number;
    encryptionKey?: Uint8Array;
    /** What the tag covers after the security byte; null: it covers nothing. */
    authenticationKey?: Uint8Array | null;
    /** Poland: no DB, and a title of no bytes. */
    bare?: boolean;
  } = {},
): Buffer {
  const { counter = 1, security = 0x30, encryptionKey = testKeys.encryptionKey, bare = false } = options;
  const { authenticationKey = testKeys.authenticationKey } = options;
  const title = bare ? Buffer.alloc(8) : Buffer.from(options.title ?? "TSTMETER", "latin1");
  const frameCounter = Buffer.alloc(4);
  frameCounter.writeUInt32BE(counter);
  const cipher = createCipheriv("aes-128-gcm", encryptionKey, Buffer.concat([title, frameCounter]), { authTagLength: 12 });
  if (security & 0x10 && authenticationKey) cipher.setAAD(Buffer.concat([Buffer.of(security), authenticationKey]));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  const body = Buffer.concat([Buffer.of(security), frameCounter, text, ...(security & 0x10 ? [cipher.getAuthTag()] : [])]);
  const length =
    body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([bare ? Buffer.of(0) : Buffer.concat([Buffer.of(0xdb, title.length), title]), Buffer.from(length), body]);
}
