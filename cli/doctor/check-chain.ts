import type { SettlementConfig } from "../../agent/config/agent-config.ts";
import { AppError, errorMessage } from "../../core/app-error.ts";
import type { Finding } from "./finding.ts";

const answerWithinMs = 5000;

/** Whether the chain's node answers, is of the right chain, and knows the contract. */
export async function checkChain({ rpcUrl, chainId, contract }: SettlementConfig): Promise<Finding[]> {
  const check = "chain";
  try {
    const id = Number(await ask(rpcUrl, "eth_chainId", []));
    if (id !== chainId)
      return [
        {
          check,
          verdict: "bad",
          seen: `${rpcUrl} is of chain ${id}`,
          fix: `settlement.chain_id says ${chainId}: mend one of both`,
        },
      ];
    const code = String(await ask(rpcUrl, "eth_getCode", [contract, "latest"]));
    if (code.length <= 2)
      return [
        { check, verdict: "bad", seen: `no contract at ${contract}`, fix: "settlement.contract as your agreement names it" },
      ];
    const block = Number(await ask(rpcUrl, "eth_blockNumber", []));
    return [{ check, verdict: "good", seen: `${rpcUrl}: chain ${id}, block ${block}, contract there` }];
  } catch (error) {
    const fix = "nothing is signed unseen; is the node up and settlement.rpc_url right?";
    return [{ check, verdict: "bad", seen: `${rpcUrl} does not answer (${errorMessage(error)})`, fix }];
  }
}

async function ask(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(answerWithinMs),
  });
  const body = (await response.json()) as { result?: unknown; error?: { message?: string } };
  if (body.result === undefined) throw new AppError("chain-unreachable", body.error?.message ?? `HTTP ${response.status}`);
  return body.result;
}
