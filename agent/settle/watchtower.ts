import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { boundedText } from "../../core/bounded-text.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { CosignedRecord } from "../../core/message/settlement-message.ts";
import { parseAs } from "../../core/parse-as.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { signHeadRequest } from "../../settlement/record/head-request.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";

/** Keeps the newest co-signed records of this pair, so that they outlive the gateway. What it gives back is checked. */
export interface Watchtower {
  /** @throws AppError watchtower-unreachable (temporary), watchtower-refused, watchtower-malformed */
  ask(): Promise<CosignedRecord[]>;
  /** @throws the same */
  keep(records: readonly CosignedRecord[]): Promise<void>;
}

const Heads = z.object({ records: z.array(CosignedRecord).max(8) });
const timeoutMs = 15_000;
/** All heads that one answer has are far below. */
const mostBytes = 8 * 1024 * 1024;

/** A watchtower behind an address, such as `smart-mla settlement relayer --heads`. */
export function watchtower(
  url: string,
  { agreement, signer, clock }: { agreement: Agreement; signer: TypedDataSigner; clock: Pick<Clock, "now"> },
): Watchtower {
  const { a, b } = agreement;
  const page = `${url.replace(/\/$/, "")}/head/${a}-${b}`;
  const request = async (address: string, init: RequestInit): Promise<string> => {
    let response: Response;
    let text: string | null;
    try {
      response = await fetch(address, { ...init, redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
      text = await boundedText(response, mostBytes);
    } catch (cause) {
      throw new AppError("watchtower-unreachable", `watchtower ${url} does not answer: ${errorMessage(cause)}`, {
        temporary: true,
        cause,
      });
    }
    if (text === null) throw new AppError("watchtower-malformed", `watchtower ${url} sent more than ${mostBytes} bytes`);
    if (!response.ok)
      throw new AppError("watchtower-refused", `watchtower ${url} refused with ${response.status}: ${text.slice(0, 300)}`);
    return text;
  };
  return {
    async ask() {
      const time = Math.floor(clock.now() / 1000);
      const signature = await signHeadRequest(signer, domainOf(agreement), { a, b, time });
      const text = await request(`${page}?time=${time}`, { headers: { "x-signature": signature } });
      return parseAs(Heads, jsonOf(text), "watchtower-malformed", url).records;
    },
    async keep(records) {
      const body = JSON.stringify({ records });
      await request(page, { method: "PUT", headers: { "content-type": "application/json" }, body });
    },
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
