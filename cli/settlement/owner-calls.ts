import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { formatMicro } from "../../core/units.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import type { Mined } from "../../settlement/chain/transactor.ts";
import { exitCode } from "../exit-code.ts";
import { addressIn, amountIn, type Sending, servedChain, withSender } from "./sending.ts";

type Options = Sending & { contract: string };

/** `smart-mla settlement revoke SIGNER`: with the owner's key. */
export function settlementRevoke(signer: string, options: Options, say: (line: string) => void): Promise<number> {
  const address = addressIn(signer, "signer");
  return sendOne(options, say, { signer: address }, `${address} signs for nobody any more`, (chain) => chain.revoke(address));
}

/** `smart-mla settlement cap AMOUNT|none`: with the owner's key. A lower cap holds after seven days. */
export function settlementCap(amount: string, options: Options, say: (line: string) => void): Promise<number> {
  const cap = amount === "none" ? null : amountIn(amount, "amount");
  const text = cap === null ? "none" : formatMicro(cap);
  return sendOne(
    options,
    say,
    { cap: text },
    `the daily cap is set to ${text}: it holds at once if it is higher than before, else (the first one, too) after 7 days`,
    (chain) => chain.setDailyCap(cap),
  );
}

/** `smart-mla settlement retire OWNER [--until INSTANT]`: with the registrar's key. @throws AppError usage-bad-time */
export function settlementRetire(
  owner: string,
  options: Options & { until?: string },
  say: (line: string) => void,
): Promise<number> {
  const party = addressIn(owner, "owner");
  const untilMs = options.until === undefined ? 0 : Date.parse(options.until);
  if (Number.isNaN(untilMs) || (options.until !== undefined && !/(Z|[+-]\d\d:\d\d)$/.test(options.until)))
    throw new AppError("usage-bad-time", `--until ${options.until} is no instant such as 2026-12-31T23:00:00Z`);
  const until = untilMs === 0 ? "now" : iso(untilMs);
  return sendOne(options, say, { owner: party, until }, `${party} takes part until ${until}`, (chain) =>
    chain.retire(party, Math.floor(untilMs / 1000)),
  );
}

async function sendOne(
  options: Options,
  say: (line: string) => void,
  fields: Record<string, string>,
  sentence: string,
  send: (chain: ChainClient) => Promise<Mined>,
): Promise<number> {
  const domain = { chainId: await servedChain(options.rpc), contract: addressIn(options.contract, "--contract") };
  return withSender(options, domain, async (chain) => {
    const { hash, feeWei } = await send(chain);
    say(options.json ? JSON.stringify({ ...fields, hash, feeWei: String(feeWei) }) : `${sentence} (${hash})`);
    return exitCode.good;
  });
}
