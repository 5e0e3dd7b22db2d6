import { AppError, errorMessage } from "../../core/app-error.ts";
import { plainText } from "../../core/plain-text.ts";
import type { Bundle } from "../../settlement/verify/bundle.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import { contractOption } from "./contract-option.ts";
import { verdictCode } from "./verdict-code.ts";

interface VerifyOptions {
  offline?: true;
  rpc?: string;
  contract?: string;
  json?: true;
}

/**
 * `smart-mla settlement verify BUNDLE`: exit 0 all good, 1 a check failed, 3 something could not be seen.
 * @param say one line on stdout
 * @throws AppError bundle-unreadable, bundle-not-json, settlement-bad-address
 */
export async function settlementVerify(file: string, options: VerifyOptions, say: (line: string) => void): Promise<number> {
  const { overallVerdict } = await import("../../settlement/verify/verdict.ts");
  const { verifyBundle } = await import("../../settlement/verify/verify.ts");
  const input = await readJson(file);
  const chain = options.offline ? null : await openChain(input, options);
  try {
    const findings = await verifyBundle(input, chain);
    const verdict = overallVerdict(findings);
    const notes = chain ? trustNotes(chain, options) : [];
    if (options.json) say(JSON.stringify({ bundle: file, verdict, checks: findings, notes }));
    else {
      for (const { check, verdict: one, detail } of findings) say(`${one.padEnd(8)} ${check.padEnd(17)} ${detail}`);
      for (const note of notes) say(`note: ${note}`);
      say(`verdict: ${verdict}`);
    }
    return verdictCode[verdict];
  } finally {
    chain?.close();
  }
}

/** What the verdict rests on that the bundle's author chose. */
function trustNotes(chain: ChainClient, { rpc, contract }: VerifyOptions): string[] {
  const notes: string[] = [];
  if (rpc === undefined) notes.push("the chain was asked through the bundle's own hint; give --rpc a node that you trust");
  if (contract === undefined) notes.push(`contract ${chain.contract} is the bundle's own claim; pin it with --contract`);
  return notes;
}

/** Null where the bundle is malformed or gives no hint: then there is nobody to ask, and verify says what is wrong. */
async function openChain(input: unknown, { rpc, contract }: VerifyOptions): Promise<ChainClient | null> {
  const { Bundle: schema } = await import("../../settlement/verify/bundle.ts");
  const pinned = contract === undefined ? undefined : contractOption(contract);
  const bundle: Bundle | undefined = schema.safeParse(input).data;
  const rpcUrl = rpc ?? bundle?.rpc;
  if (!bundle || !rpcUrl) return null;
  const { chainClient } = await import("../../settlement/chain/chain-client.ts");
  return chainClient({ rpcUrl, chainId: bundle.chainId, contract: pinned ?? bundle.contract });
}

async function readJson(file: string): Promise<unknown> {
  const { readFile } = await import("node:fs/promises");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new AppError("bundle-unreadable", `cannot read ${file}: ${errorMessage(cause)}`, { cause });
  }
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    throw new AppError("bundle-not-json", `${file} is not JSON: ${plainText(errorMessage(cause))}`, { cause });
  }
}
