import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { Hash } from "../../core/message/fields.ts";
import { parseAs } from "../../core/parse-as.ts";
import { chainProvider } from "./chain-provider.ts";
import type { SettlementCall } from "./settlement-calls.ts";
import { transactor, type TransactorOptions } from "./transactor.ts";

/** Brings calls to the settlement contract onto the chain. */
export interface CallSender {
  /**
   * Gives the transaction's hash. Only what the chain shows afterwards counts.
   * @throws AppError of chainError; relayer-refused, relayer-unreachable (temporary), relayer-malformed
   */
  send(call: SettlementCall): Promise<string>;
  close(): void;
}

/** Where calls go. */
export interface CallTarget {
  chainId: number;
  contract: string;
}

/** Sends with a key that pays for gas. */
export function keySender(
  target: CallTarget & { rpcUrl: string; privateKey: string },
  options: TransactorOptions = {},
): CallSender {
  const provider = chainProvider(target.rpcUrl, target.chainId);
  const closing = new AbortController();
  const sender = transactor(provider, target.privateKey, { signal: closing.signal, ...options });
  return {
    send: async ({ what, data }) => (await sender.send({ what, to: target.contract, data })).hash,
    close() {
      closing.abort();
      provider.destroy();
    },
  };
}

/** What a relayer is asked, as JSON. */
export const RelayRequest = z.strictObject({
  chainId: z.int().positive(),
  to: z.string().max(42),
  data: z.string().regex(/^0x([0-9a-f]{2}){4,16384}$/i),
});

/** What it answers. */
export const RelayAnswer = z.object({ hash: Hash });

/** A relayer waits for a block. */
const relayTimeoutMs = 150_000;

/** Lets a relayer send, which pays for gas. It is not trusted: it can leave a call out, and change nothing in it. */
export function relayerSender({ chainId, contract }: CallTarget, url: string): CallSender {
  const closing = new AbortController();
  return {
    async send({ what, data }) {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(relayTimeoutMs)]);
      const request: z.infer<typeof RelayRequest> = { chainId, to: contract, data };
      let status: number;
      let text: string;
      try {
        const response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(request),
          redirect: "error",
          signal,
        });
        [status, text] = [response.status, (await response.text()).slice(0, 2_000)];
      } catch (cause) {
        throw new AppError("relayer-unreachable", `${what}: relayer ${url} does not answer: ${errorMessage(cause)}`, {
          temporary: true,
          cause,
        });
      }
      if (status !== 200)
        throw new AppError("relayer-refused", `${what}: relayer ${url} refused with ${status}: ${text.slice(0, 300)}`, {
          temporary: status === 429 || status >= 500,
        });
      return parseAs(RelayAnswer, jsonOf(text), "relayer-malformed", url).hash;
    },
    close: () => closing.abort(),
  };
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
