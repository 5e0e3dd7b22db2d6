import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { Hash } from "../../core/message/fields.ts";
import { versionedHashes } from "./kzg.ts";

/** The block whose transaction carried blobs. */
export interface BlobBlock {
  block: number;
  /** Seconds since 1970. */
  time: number;
}

/** Where blobs can be fetched while the network keeps them, about 18 days. */
export interface BlobSource {
  /**
   * The blobs with these versioned hashes, in this order. Each was checked against its hash, so the source need not be trusted.
   * @throws AppError blobs-unreachable (temporary), blobs-refused, blobs-gone where it does not have them (any more)
   */
  blobsOf(at: BlobBlock, hashes: readonly string[]): Promise<Uint8Array[]>;
}

const Genesis = z.object({ data: z.object({ genesis_time: z.coerce.number().int().nonnegative() }) });
const Spec = z.object({ data: z.object({ SECONDS_PER_SLOT: z.coerce.number().int().positive() }) });
const blobBytes = 131_072;
const Blobs = z.object({ data: z.array(z.string().regex(new RegExp(`^0x[0-9a-fA-F]{${blobBytes * 2}}$`))) });

/** A request that takes longer has failed; a block's blobs may be some MB. */
const requestTimeoutMs = 60_000;
/** More than any block may carry: 64 blobs in JSON. */
const mostBytes = 64 * (2 * blobBytes + 8);

/**
 * Blobs by the API of consensus nodes (`GET /eth/v1/beacon/blobs/{slot}`), also that of development chains. Some nodes keep only
 * a part of every blob and refuse: then another one is needed.
 * @param url of the API, with http or https; a path in it is kept
 */
export function beaconBlobs(url: string): BlobSource {
  const base = url.replace(/\/+$/, "");
  let slotOf: Promise<(at: BlobBlock) => number> | null = null;
  const readSlots = async (): Promise<(at: BlobBlock) => number> => {
    const genesis = Genesis.safeParse(await get(base, "/eth/v1/beacon/genesis")).data?.data;
    const spec = Spec.safeParse(await get(base, "/eth/v1/config/spec")).data?.data;
    // A development chain has a slot for each block, and no such specification.
    if (!genesis || !spec) return ({ block }) => block;
    return ({ time }) => Math.floor((time - genesis.genesis_time) / spec.SECONDS_PER_SLOT);
  };
  return {
    async blobsOf(at, hashes) {
      slotOf ??= readSlots().catch((error: unknown) => {
        slotOf = null;
        throw error;
      });
      const slot = (await slotOf)(at);
      const served = new Map<string, Uint8Array>();
      // One hash in a request: nodes disagree about how many are written.
      for (const hash of new Set(hashes)) {
        const answer = await get(base, `/eth/v1/beacon/blobs/${slot}?versioned_hashes=${Hash.parse(hash)}`);
        const parsed = Blobs.safeParse(answer ?? { data: [] });
        if (!parsed.success) throw new AppError("blobs-refused", `${base} answered with something else than blobs`);
        for (const hex of parsed.data.data) served.set(hex, Buffer.from(hex.slice(2), "hex"));
      }
      const known = await byHash([...served.values()]);
      return hashes.map((hash) => {
        const blob = known.get(hash);
        if (!blob)
          throw new AppError(
            "blobs-gone",
            `${base} does not have blob ${hash} of slot ${slot} (any more); ask a mirror of the log`,
          );
        return blob;
      });
    },
  };
}

/** What cannot be a blob is none that was asked for. */
async function byHash(blobs: readonly Uint8Array[]): Promise<Map<string, Uint8Array>> {
  try {
    const hashes = await versionedHashes(blobs);
    return new Map(hashes.map((hash, index) => [hash, blobs[index] ?? new Uint8Array()]));
  } catch (error) {
    if (error instanceof AppError && error.code === "blob-malformed") return new Map();
    throw error;
  }
}

/** The parsed JSON, or undefined where the node says that there is no such thing. @throws AppError blobs-unreachable, blobs-refused */
async function get(base: string, path: string): Promise<unknown> {
  const failed = (why: string, cause?: unknown): AppError =>
    new AppError("blobs-unreachable", `${base}: no answer to ${path}: ${why}`, { temporary: true, cause });
  let status: number;
  let text: string;
  try {
    const response = await fetch(`${base}${path}`, {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    status = response.status;
    text = await readAtMost(response, mostBytes);
  } catch (cause) {
    throw failed(errorMessage(cause), cause);
  }
  if (status === 404 || status === 410) return undefined;
  if (status === 429 || status >= 500) throw failed(`status ${status}`);
  if (status !== 200) throw new AppError("blobs-refused", `${base}: status ${status} to ${path}: ${text.slice(0, 200)}`);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    throw new AppError("blobs-refused", `${base} answered ${path} with something else than JSON`, { cause });
  }
}

async function readAtMost(response: Response, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > limit) throw new Error(`more than ${limit} bytes`);
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return text;
}
