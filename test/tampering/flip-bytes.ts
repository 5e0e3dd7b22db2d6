import type { Bundle } from "../../settlement/verify/bundle.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import type { Verdict } from "../../settlement/verify/verdict.ts";
import { quickVerdict } from "../../settlement/verify/verify.ts";

/** How often a flipped bundle came to each verdict, and the places where it stayed good. */
export interface Flips extends Record<Verdict, number> {
  notJson: number;
  survivors: string[];
}

/**
 * Changes each byte of a bundle's text, one after the other, to another one, and verifies what comes of it. The text is JSON
 * without white space; the value of `rpc` is left out, a hint where to ask that proves nothing.
 * @param every 1 for all bytes, 10 for each tenth
 */
export async function flipBytes(bundle: Bundle, chain: ChainReader, random: () => number, every = 1): Promise<Flips> {
  const text = JSON.stringify(bundle);
  const hint = `"rpc":${JSON.stringify(bundle.rpc)}`;
  const hintAt = text.indexOf(hint) + '"rpc":'.length;
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const flips: Flips = { good: 0, bad: 0, unknown: 0, notJson: 0, survivors: [] };
  for (let at = Math.floor(random() * every); at < bytes.length; at += every) {
    if (bundle.rpc !== null && at >= hintAt && at < hintAt + hint.length - '"rpc":'.length) continue;
    const mask = 1 + Math.floor(random() * 255);
    bytes[at] = (bytes[at] ?? 0) ^ mask;
    const input = parsed(decoder.decode(bytes));
    const verdict = input === undefined ? "bad" : await quickVerdict(input, chain);
    if (input === undefined) flips.notJson++;
    else flips[verdict]++;
    if (verdict === "good") flips.survivors.push(`byte ${at} ^ ${mask}: ${text.slice(Math.max(0, at - 40), at + 40)}`);
    bytes[at] = (bytes[at] ?? 0) ^ mask;
  }
  return flips;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
