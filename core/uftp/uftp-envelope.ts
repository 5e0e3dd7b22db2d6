import { CompactSign, compactVerify, decodeProtectedHeader } from "jose";
import { z } from "zod";
import { AppError } from "../app-error.ts";
import { isCanonicalJws, type ControlKey, type PinnedKeys } from "../envelope.ts";
import { UftpMessage } from "../message/uftp.ts";

/** Bytes; a longer message is refused unread. */
export const maxUftpBytes = 256 * 1024;
/** How far a message's TimeStamp may lie from now, ms: so long its id must be remembered. */
export const uftpWindowMs = 5 * 60_000;

const Header = z.object({ alg: z.literal("EdDSA"), kid: z.string().min(1).max(128), typ: z.literal("uftp+jws") });

/** Signs a message of the protocol as a compact JWS by the sender's key. */
export function signUftp(key: ControlKey, message: UftpMessage): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(message)))
    .setProtectedHeader({ alg: "EdDSA", kid: key.kid, typ: "uftp+jws" })
    .sign(key.key);
}

/**
 * Checks a message before anything in it is believed: signature by a key of its sender, form, recipient and time. Whether its id
 * is new is asked afterwards.
 * @param expected.keysOf keys pinned for a domain; undefined where it is no participant
 * @throws AppError uftp-too-large, uftp-malformed, uftp-unknown-sender, uftp-unknown-key, uftp-bad-signature, uftp-wrong-recipient, uftp-stale
 */
export async function verifyUftp(
  text: string,
  expected: { keysOf: (domain: string) => PinnedKeys | undefined; recipient: string; nowMs: number },
): Promise<UftpMessage> {
  if (text.length > maxUftpBytes)
    throw new AppError("uftp-too-large", `message of ${text.length} bytes; at most ${maxUftpBytes} are read`);
  const { kid } = readHeader(text);
  const sender = readSender(text);
  const keys = expected.keysOf(sender);
  if (!keys) throw new AppError("uftp-unknown-sender", `${sender} is no participant here`);
  const key = keys.get(kid);
  if (!key) throw new AppError("uftp-unknown-key", `key "${kid}" is not pinned for ${sender}`);
  const verified = await compactVerify(text, key, { algorithms: ["EdDSA"] }).catch((cause: unknown) => {
    throw new AppError("uftp-bad-signature", `signature of key "${kid}" of ${sender} does not hold`, { cause });
  });
  const message = readMessage(verified.payload);
  if (message.RecipientDomain !== expected.recipient)
    throw new AppError("uftp-wrong-recipient", `addressed to ${message.RecipientDomain}, this is ${expected.recipient}`);
  if (Math.abs(Date.parse(message.TimeStamp) - expected.nowMs) > uftpWindowMs)
    throw new AppError("uftp-stale", `TimeStamp ${message.TimeStamp} is more than ${uftpWindowMs / 60_000} minutes from now`);
  return message;
}

function readHeader(text: string): z.infer<typeof Header> {
  try {
    if (!isCanonicalJws(text)) throw new Error("base64url is not written in its one canonical way");
    return Header.parse(decodeProtectedHeader(text));
  } catch (cause) {
    throw new AppError("uftp-malformed", "not a compact JWS with alg EdDSA, kid and typ uftp+jws", { cause });
  }
}

/** Who says to have sent it: which keys to look in; believed only once the signature holds. */
function readSender(text: string): string {
  try {
    const payload: unknown = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString("utf8"));
    return z.object({ SenderDomain: z.string().max(253) }).parse(payload).SenderDomain;
  } catch (cause) {
    throw new AppError("uftp-malformed", "payload is no JSON object with SenderDomain", { cause });
  }
}

function readMessage(bytes: Uint8Array): UftpMessage {
  try {
    return UftpMessage.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s*\n\s*/g, " ") : "it is no JSON";
    throw new AppError("uftp-malformed", `no message of the protocol: ${why}`, { cause });
  }
}
