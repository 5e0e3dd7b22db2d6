import type { JsonRpcProvider } from "ethers/providers";
import { AppError } from "../../core/app-error.ts";

/** The most that a transaction offers for each unit of gas, in wei. */
export interface Fees {
  maxFeePerGas: bigint;
  /** The part of it that goes to who makes the block. */
  maxPriorityFeePerGas: bigint;
  /** Only where it carries blobs. */
  maxFeePerBlobGas?: bigint;
}

/** Prices of execution and of blobs rise by at most an eighth with each block: so the offer is good for six full ones. */
const margin = 2n;

/**
 * What to offer now. Nothing where the chain asks for nothing.
 * @throws AppError chain-fee-limit (temporary) where the market asks for more than the limit; errors of the provider
 */
export async function marketFees(provider: JsonRpcProvider, withBlobs: boolean, limit?: bigint): Promise<Fees> {
  const ask = async (method: string): Promise<bigint> => BigInt(String(await provider.send(method, [])));
  const base = (await provider.getBlock("latest"))?.baseFeePerGas ?? 0n;
  // Without a base fee nodes still suggest a tip, for chains that have one; what they take stands in the gas price.
  const tip = await ask(base === 0n ? "eth_gasPrice" : "eth_maxPriorityFeePerGas");
  if (limit !== undefined && base + tip > limit)
    throw new AppError("chain-fee-limit", `the chain asks for ${base + tip} wei a unit of gas, the limit is ${limit}`, {
      temporary: true,
    });
  return {
    maxFeePerGas: capped(base * margin + tip, limit),
    maxPriorityFeePerGas: tip,
    ...(withBlobs && { maxFeePerBlobGas: (await ask("eth_blobBaseFee")) * margin }),
  };
}

/**
 * A higher offer in the place of one that no block took, or null where the limit allows none that nodes would take: they ask
 * for at least an eighth more, and for twice as much with blobs.
 */
export function raisedFees(old: Fees, market: Fees, limit?: bigint): Fees | null {
  const raise = (fee: bigint): bigint => (old.maxFeePerBlobGas === undefined ? fee + fee / 8n + 1n : fee * 2n + 1n);
  const least = { fee: raise(old.maxFeePerGas), tip: raise(old.maxPriorityFeePerGas) };
  if (limit !== undefined && least.fee > limit) return null;
  const maxFeePerGas = capped(larger(least.fee, market.maxFeePerGas), limit);
  return {
    maxFeePerGas,
    // A tip is a part of the fee.
    maxPriorityFeePerGas: capped(larger(least.tip, market.maxPriorityFeePerGas), maxFeePerGas),
    ...(old.maxFeePerBlobGas !== undefined && {
      maxFeePerBlobGas: larger(raise(old.maxFeePerBlobGas), market.maxFeePerBlobGas ?? 0n),
    }),
  };
}

const larger = (one: bigint, other: bigint): bigint => (one > other ? one : other);
const capped = (fee: bigint, limit: bigint | undefined): bigint => (limit !== undefined && fee > limit ? limit : fee);
