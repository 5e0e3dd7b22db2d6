import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { Address, Signature } from "../../core/message/fields.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { formatMicro } from "../../core/units.ts";
import type { Mined } from "../../settlement/chain/transactor.ts";
import { signWithdrawal, type Withdrawal } from "../../settlement/record/typed-calls.ts";
import { exitCode } from "../exit-code.ts";
import { spanMs } from "../span-ms.ts";
import { readPair } from "./agreement-file.ts";
import { amountIn, openKey, type Sending, withSender } from "./sending.ts";

const Amount = z.string().regex(/^(0|[1-9]\d{0,29})$/, "micro-units from 0");

/** A withdrawal that one owner has signed, for the other to sign and send. */
const WithdrawalOrder = z.strictObject({
  v: z.literal(1),
  chainId: z.int().positive(),
  contract: Address,
  a: Address,
  b: Address,
  /** Micro-units out of a's side to a, and out of b's to b. */
  amountA: Amount,
  amountB: Amount,
  nonce: z.int().nonnegative(),
  /** Unix seconds. */
  deadline: z.int().positive(),
  signedBy: Address,
  signature: Signature,
});
type WithdrawalOrder = z.infer<typeof WithdrawalOrder>;

/** What one owner does alone: `smart-mla settlement withdraw request|cancel|execute AGREEMENT`. */
export async function withdrawAlone(
  step: "request" | "cancel" | "execute",
  file: string,
  options: Sending & { amount?: string },
  say: (line: string) => void,
): Promise<number> {
  const { agreement, domain } = readPair(file);
  const { a, b, currency } = agreement;
  const amount = step === "request" ? amountIn(options.amount ?? "", "--amount") : 0n;
  return withSender(options, domain, async (chain, owner) => {
    const before = await chain.tokenBalanceOf(owner);
    const send: Record<typeof step, () => Promise<Mined>> = {
      request: () => chain.requestWithdraw(a, b, amount),
      cancel: () => chain.cancelWithdraw(a, b),
      execute: () => chain.executeWithdraw(a, b),
    };
    const { hash, feeWei } = await send[step]();
    const got = formatMicro(step === "execute" ? (await chain.tokenBalanceOf(owner)) - before : amount);
    const said = {
      request: `announced: ${got} ${currency} leave the side of ${owner} from 30 to 60 days from now, as far as they are still there`,
      cancel: `taken back: nothing leaves the side of ${owner}`,
      execute: `paid ${got} ${currency} to ${owner}`,
    }[step];
    if (options.json)
      say(JSON.stringify({ step, owner, ...(step !== "cancel" && { amount: got }), currency, hash, feeWei: String(feeWei) }));
    else say(`${said} (${hash})`);
    return exitCode.good;
  });
}

/** `smart-mla settlement withdraw propose AGREEMENT`: prints a withdrawal that one owner has signed. Sends nothing. */
export async function withdrawPropose(
  file: string,
  options: Sending & { household: string; aggregator: string; valid: string },
  say: (line: string) => void,
): Promise<number> {
  const { agreement, domain, sideOf } = readPair(file);
  const span = spanMs(options.valid);
  if (span === undefined)
    throw new AppError("usage-bad-time", `--valid ${options.valid} is no time; write it as 90m, 24h or 14d`);
  const amounts = {
    [sideOf("household")]: amountIn(options.household, "--household", 0n),
    [sideOf("aggregator")]: amountIn(options.aggregator, "--aggregator", 0n),
  };
  const wallet = await openKey(options);
  return withSender(options, domain, async (chain, owner) => {
    const { a, b } = agreement;
    ownerOnly(owner, a, b, options.key);
    const terms: Withdrawal = {
      a,
      b,
      amountA: amounts["a"] ?? 0n,
      amountB: amounts["b"] ?? 0n,
      nonce: (await chain.pairOf(a, b)).withdrawals,
      deadline: Math.floor((Date.now() + span) / 1000),
    };
    const order: WithdrawalOrder = {
      v: 1,
      ...domain,
      ...terms,
      amountA: String(terms.amountA),
      amountB: String(terms.amountB),
      signedBy: owner,
      signature: await signWithdrawal(wallet, domain, terms),
    };
    say(JSON.stringify(order, null, 2));
    return exitCode.good;
  });
}

/**
 * `smart-mla settlement withdraw approve ORDER`: signs what the other owner has proposed, and sends it.
 * @throws AppError withdrawal-malformed, keystore-unexpected-key, and as ChainClient
 */
export async function withdrawApprove(file: string, options: Sending, say: (line: string) => void): Promise<number> {
  const order = parseAs(WithdrawalOrder, readJsonFile(file, "withdrawal-malformed"), "withdrawal-malformed", file);
  const { a, b, nonce, deadline, signedBy, signature } = order;
  const terms: Withdrawal = { a, b, amountA: BigInt(order.amountA), amountB: BigInt(order.amountB), nonce, deadline };
  const domain = { chainId: order.chainId, contract: order.contract };
  const wallet = await openKey(options);
  return withSender(options, domain, async (chain, owner) => {
    ownerOnly(owner, a, b, options.key);
    const own = await signWithdrawal(wallet, domain, terms);
    const [signatureA, signatureB] = signedBy === a ? [signature, own] : [own, signature];
    const { hash, feeWei } = await chain.withdraw(terms, signatureA, signatureB);
    const paid = [
      { to: a, amount: formatMicro(terms.amountA) },
      { to: b, amount: formatMicro(terms.amountB) },
    ];
    if (options.json) say(JSON.stringify({ state: "sent", paid, hash, feeWei: String(feeWei) }));
    else say(`${paid.map(({ to, amount }) => `paid ${amount} to ${to}`).join(", ")} (${hash})`);
    return exitCode.good;
  });
}

function ownerOnly(owner: string, a: string, b: string, file: string): void {
  if (owner !== a && owner !== b)
    throw new AppError(
      "keystore-unexpected-key",
      `${file} holds ${owner}, but the pair is ${a} and ${b}; take the key of one of the two owners`,
    );
}
