import { JsonRpcProvider, Network } from "ethers/providers";
import { FetchRequest } from "ethers/utils";
import { AppError } from "../../core/app-error.ts";

/** A request that takes longer has failed; wall time, as for any socket. */
const requestTimeoutMs = 15_000;

/**
 * A connection to one node. Nothing is cached and no request is repeated behind our back: a caller that is told
 * chain-unreachable decides when to try again.
 * @throws AppError chain-bad-url
 */
export function chainProvider(rpcUrl: string, chainId: number): JsonRpcProvider {
  if (!/^https?:\/\//.test(rpcUrl))
    throw new AppError("chain-bad-url", `"${rpcUrl}" is not an http:// or https:// URL of a node`);
  const request = new FetchRequest(rpcUrl);
  request.timeout = requestTimeoutMs;
  // A fixed network keeps the provider from asking for it again and again while the node is away.
  return new JsonRpcProvider(request, chainId, { staticNetwork: Network.from(chainId), cacheTimeout: -1, batchMaxCount: 1 });
}
