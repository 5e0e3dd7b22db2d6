import { createHash } from "node:crypto";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { AppError, errorCode, errorMessage } from "../../../core/app-error.ts";
import type { Clock } from "../../../core/clock/clock.ts";
import type { Log } from "../../../core/log.ts";
import { problemOf } from "../../../core/problem.ts";
import { type CallSender, RelayRequest } from "../../../settlement/chain/call-sender.ts";
import type { ChainProbe } from "../../../settlement/chain/chain-probe.ts";
import type { ChainReader } from "../../../settlement/chain/chain-reader.ts";
import { checkCosigned } from "../../../settlement/record/cosigned-by.ts";
import { headRequestSigner } from "../../../settlement/record/head-request.ts";
import { relayedCallOf } from "../../../settlement/chain/settlement-calls.ts";
import type { Allowance } from "./allowance.ts";
import { Heads, type HeadStore } from "./head-store.ts";

/** What the relayer works with. */
export interface RelayOptions {
  chain: Pick<ChainReader, "chainId" | "contract" | "partyOf">;
  probe: Pick<ChainProbe, "dryRun">;
  sender: Pick<CallSender, "send">;
  allowance: Allowance;
  /** Null where it keeps nobody's records. */
  heads: HeadStore | null;
  /** Who asks, such as its address; the limits are of each. */
  callerOf: (request: Request, env: unknown) => string;
  clock: Pick<Clock, "now">;
  log: Log;
}

const mostBodyBytes = 64 * 1024;
/** Sent calls that are remembered, so that the same one is not paid twice. */
const mostSent = 10_000;
/** How far the clock of who asks may be off. */
const skewMs = 300_000;

const Pair = z.string().regex(/^0x[0-9a-f]{40}-0x[0-9a-f]{40}$/);

/**
 * A relayer: takes calls of one contract that anybody may send for the parties of a record, and pays for their gas. It
 * changes nothing in them: what it sends is signed by the parties. Each call is tried without a transaction first, so
 * nonsense costs nothing. Beside that a watchtower: keeps the newest co-signed records of pairs for their parties.
 */
export function relayRoutes(options: RelayOptions): Hono {
  const { chain, log } = options;
  const app = new Hono();
  const sent = new Map<string, Promise<string>>();
  app.use(
    bodyLimit({ maxSize: mostBodyBytes, onError: () => problem(413, "relayer-too-large", `at most ${mostBodyBytes} bytes`) }),
  );

  const send = async (what: NonNullable<ReturnType<typeof relayedCallOf>>, data: string): Promise<string> => {
    await options.probe.dryRun({ what, data });
    options.allowance.spend();
    const hash = await options.sender.send({ what, data });
    log.info({ what, hash }, "relayed");
    return hash;
  };
  app.post("/", async (c) => {
    const asked = RelayRequest.safeParse(await c.req.json().catch(() => undefined));
    if (!asked.success) return problem(400, "relayer-bad-request", z.prettifyError(asked.error));
    const { chainId, to, data } = asked.data;
    if (chainId !== chain.chainId || to.toLowerCase() !== chain.contract)
      return problem(403, "relayer-elsewhere", `only for contract ${chain.contract} on chain ${chain.chainId}`);
    const what = relayedCallOf(data);
    if (!what) return problem(403, "relayer-other-call", "only publish, settle, settlePartial and settleLogged are relayed");
    const refusal = options.allowance.refusal(options.callerOf(c.req.raw, c.env));
    if (refusal !== undefined) return problem(429, "relayer-limit", refusal);
    const key = createHash("sha256").update(data.toLowerCase()).digest("hex");
    let hash = sent.get(key);
    if (!hash) {
      if (sent.size >= mostSent) sent.delete(sent.keys().next().value ?? "");
      hash = send(what, data);
      sent.set(key, hash);
      // What failed may be tried again.
      hash.catch(() => sent.delete(key));
    }
    return c.json({ hash: await hash });
  });

  app.put("/head/:pair", async (c) => {
    const { heads } = options;
    if (!heads) return problem(404, "relayer-no-heads", "this relayer keeps no records");
    const pair = Pair.safeParse(c.req.param("pair"));
    const given = Heads.safeParse(await c.req.json().catch(() => undefined));
    if (!pair.success || !given.success) return problem(400, "relayer-bad-request", "a pair a-b, and records that both signed");
    const refusal = options.allowance.refusal(options.callerOf(c.req.raw, c.env));
    if (refusal !== undefined) return problem(429, "relayer-limit", refusal);
    for (const one of given.data.records) {
      if (`${one.record.a}-${one.record.b}` !== pair.data)
        return problem(400, "relayer-bad-request", `record ${one.record.seq} is of another pair`);
      await checkCosigned(chain, one, chain);
    }
    heads.put(pair.data, given.data);
    return c.body(null, 204);
  });
  app.get("/head/:pair", async (c) => {
    const { heads } = options;
    if (!heads) return problem(404, "relayer-no-heads", "this relayer keeps no records");
    const pair = Pair.safeParse(c.req.param("pair"));
    const time = Number(c.req.query("time"));
    if (!pair.success || !Number.isSafeInteger(time)) return problem(400, "relayer-bad-request", "a pair a-b and ?time=SECONDS");
    const [a = "", b = ""] = pair.data.split("-");
    const by = headRequestSigner(chain, { a, b, time }, c.req.header("x-signature") ?? "");
    const parties = await Promise.all([a, b].map(async (owner) => [owner, (await chain.partyOf(owner)).signer]));
    if (!parties.flat().includes(by) || Math.abs(options.clock.now() - time * 1000) > skewMs)
      return problem(403, "relayer-not-party", "only for the two parties, who sign the request with its time");
    return c.json(heads.get(pair.data));
  });

  app.notFound(() => problem(404, "relayer-no-page", "POST / sends a call; /head/A-B keeps the newest records of a pair"));
  app.onError((error) => {
    const code = errorCode(error);
    if (code === "unexpected") log.error({ error: errorMessage(error) }, "relaying failed");
    const isOurs = !(error instanceof AppError) || error.temporary || code.startsWith("chain-");
    return problem(isOurs ? 503 : 422, code, errorMessage(error).slice(0, 300));
  });
  return app;
}

function problem(status: number, code: string, detail: string): Response {
  return new Response(JSON.stringify(problemOf(status, code, detail)), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}
