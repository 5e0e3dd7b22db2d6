import { existsSync, mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Hono } from "hono";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import { problemOf } from "../../core/problem.ts";
import { writeWholeFile } from "../../core/write-whole-file.ts";
import { signaturePool } from "../audit/signature-pool.ts";
import type { ChainReader } from "../chain/chain-reader.ts";
import { epochFile, readBounded } from "./epoch-source.ts";
import { areBlobs, checkEpochData, mostBytesOfEpoch } from "./fetch-epoch.ts";
import type { LogData } from "./log-data.ts";
import type { EpochIndex } from "./wanted-epoch.ts";

/** Everything else that goes wrong is ours (500), or the chain's (503). */
const statusOf: Record<string, number> = {
  "mirror-unknown-epoch": 404,
  "epoch-data-unreadable": 413,
  "mirror-wrong-data": 422,
};

/** Records whose signatures are checked at once. */
const batchSize = 250;
/** What is being received is in memory. */
const mostAtOnce = 8;

/**
 * A mirror of the data of epochs: `PUT /BY/EPOCH` takes the bytes that the chain binds to that epoch of that party, `GET` gives
 * them back. Whoever fetches can check them against the chain, so nobody has to trust a mirror; and nobody can fill its disk
 * with anything but what the chain has room for. Where the chain binds the root alone, both signatures of every record are
 * checked too: the root does not cover them, and who came first could have spoilt them.
 */
export function mirrorApp({
  folder,
  chain,
  epochs,
  log,
}: {
  folder: string;
  chain: Pick<ChainReader, "chainId" | "contract" | "keyOf">;
  epochs: EpochIndex;
  log: Log;
}): Hono {
  const app = new Hono();
  let taking = 0;
  const take = async (name: EpochName, request: Request): Promise<number> => {
    const { by, epoch } = name;
    const file = epochFile(folder, by, epoch);
    if (existsSync(file)) return 204;
    const wanted = await epochs.find(by, epoch);
    if (!wanted) throw new AppError("mirror-unknown-epoch", `${by} has committed no epoch ${epoch} on chain`);
    if (!request.body) throw wrong("is missing");
    const bytes = await readBounded(request.body, mostBytesOfEpoch(wanted), "the body");
    const checked = checkEpochData(chain, wanted, bytes);
    if (!("data" in checked)) throw wrong(checked.message);
    const bound =
      checked.isFile ||
      (await areBlobs(wanted, bytes)) ||
      (wanted.place.in === "nowhere" && (await allSigned(checked.data, chain)));
    if (!bound) throw wrong("leads to the root, but its signatures are not those that were published");
    mkdirSync(dirname(file), { recursive: true });
    writeWholeFile(file, bytes, 0o644);
    log.info({ by, epoch, bytes: bytes.length, leaves: wanted.count }, "data of an epoch taken");
    return 201;
  };
  app.put("/:by/:epoch", async (c) => {
    const name = nameOf(c.req.param());
    if (!name) return c.notFound();
    if (taking >= mostAtOnce) throw new AppError("mirror-busy", "too many are sending; try again", { temporary: true });
    taking++;
    try {
      return new Response(null, { status: await take(name, c.req.raw) });
    } finally {
      taking--;
    }
  });
  app.get("/:by/:epoch", async (c) => {
    const name = nameOf(c.req.param());
    const file = name && epochFile(folder, name.by, name.epoch);
    if (!file || !existsSync(file)) return c.notFound();
    const headers = { "content-type": "application/octet-stream", "cache-control": "public, max-age=31536000, immutable" };
    return new Response(new Uint8Array(await readFile(file)), { headers });
  });
  const problem = (status: number, code: string, detail: string): Response =>
    new Response(JSON.stringify(problemOf(status, code, detail)), {
      status,
      headers: { "content-type": "application/problem+json" },
    });
  app.notFound((c) => problem(404, "unknown-path", `nothing at ${c.req.path}; data of epochs is at /BY/EPOCH`));
  app.onError((error) => {
    const code = errorCode(error);
    const status = statusOf[code] ?? (error instanceof AppError && error.temporary ? 503 : 500);
    log[status < 500 ? "info" : "error"]({ code, error: errorMessage(error) }, "data of an epoch refused");
    return problem(status, code, errorMessage(error));
  });
  return app;
}

const wrong = (why: string): AppError => new AppError("mirror-wrong-data", `the body ${why}`);

/** Whether each record is signed by keys of both parties, whatever their time. */
async function allSigned(data: LogData, chain: Pick<ChainReader, "keyOf">): Promise<boolean> {
  if (data.form === "digests") return true;
  const owners = new Map<string, string | undefined>();
  const pool = signaturePool(1);
  try {
    for (let from = 0; from < data.records.length; from += batchSize) {
      const sides = data.records.slice(from, from + batchSize).flatMap(({ record, digest, signatureA, signatureB }) => [
        { owner: record.a, digest, signature: signatureA },
        { owner: record.b, digest, signature: signatureB },
      ]);
      const signers = await pool.signersOf(sides.map(({ digest, signature }) => ({ digest, signature })));
      for (const [index, { owner }] of sides.entries()) {
        const signer = signers[index];
        if (!signer) return false;
        if (!owners.has(signer)) owners.set(signer, (await chain.keyOf(signer))?.owner);
        if (signer !== owner && owners.get(signer) !== owner) return false;
      }
    }
    return true;
  } finally {
    await pool.close();
  }
}

interface EpochName {
  by: string;
  epoch: number;
}

/** Undefined for what can be no name, so that no path leads out of the folder. */
function nameOf({ by, epoch }: { by: string; epoch: string }): EpochName | undefined {
  return /^0x[0-9a-f]{40}$/.test(by) && /^[1-9]\d{0,14}$/.test(epoch) ? { by, epoch: Number(epoch) } : undefined;
}
