import { formatMicro } from "../../core/units.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { exitCode } from "../exit-code.ts";
import { readPair, type SideName } from "./agreement-file.ts";
import { amountIn, type Sending, withSender } from "./sending.ts";

/** `smart-mla settlement escrow AGREEMENT`: what the contract has of the pair. */
export async function settlementEscrow(
  file: string,
  options: { rpc: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const { agreement, domain, ownerOf, sideOf } = readPair(file);
  const chain = chainClient({ rpcUrl: options.rpc, ...domain });
  try {
    const pair = await chain.pairOf(agreement.a, agreement.b);
    const sides = (["household", "aggregator"] as const).map((name) => {
      const [balance, leaving, owed] =
        sideOf(name) === "a" ? [pair.balanceA, pair.leavingA, pair.cumA] : [pair.balanceB, pair.leavingB, pair.cumB];
      return {
        name,
        owner: ownerOf(name),
        balance: formatMicro(balance),
        leaving: formatMicro(leaving),
        owed: formatMicro(owed),
      };
    });
    // The contract counts what a owes; people ask what the household does.
    const open = formatMicro(sideOf("household") === "a" ? pair.open : -pair.open);
    const { currency } = agreement;
    if (options.json) {
      const [household, aggregator] = sides.map(({ name: _, ...side }) => side);
      say(
        JSON.stringify({
          currency,
          household,
          aggregator,
          householdOwesOpen: open,
          settled: pair.seq,
          withdrawals: pair.withdrawals,
        }),
      );
    } else {
      for (const { name, owner, balance, leaving, owed } of sides)
        say(
          `${name.padEnd(10)} ${owner}: ${balance} ${currency} in escrow, ${leaving} of it announced to leave, ${owed} owed in all`,
        );
      say(
        `${pair.seq === 0 ? "nothing is settled yet" : `settled up to record ${pair.seq}`}; the household owes ${open} ${currency} that were not paid`,
      );
    }
    return exitCode.good;
  } finally {
    chain.close();
  }
}

/** `smart-mla settlement deposit AGREEMENT --amount X --for SIDE`: pays from the key's address into one side of the pair. */
export async function settlementDeposit(
  file: string,
  options: Sending & { amount: string; for: SideName },
  say: (line: string) => void,
): Promise<number> {
  const { agreement, domain, ownerOf, sideOf } = readPair(file);
  const amount = amountIn(options.amount, "--amount");
  const side = sideOf(options.for);
  return withSender(options, domain, async (chain) => {
    const { hash, feeWei } = await chain.deposit(agreement.a, agreement.b, side, amount);
    const pair = await chain.pairOf(agreement.a, agreement.b);
    const balance = formatMicro(side === "a" ? pair.balanceA : pair.balanceB);
    const paid = { for: options.for, owner: ownerOf(options.for), amount: formatMicro(amount), balance };
    if (options.json) say(JSON.stringify({ ...paid, currency: agreement.currency, hash, feeWei: String(feeWei) }));
    else say(`paid ${paid.amount} ${agreement.currency} for the ${options.for}, which has ${balance} in escrow now (${hash})`);
    return exitCode.good;
  });
}
