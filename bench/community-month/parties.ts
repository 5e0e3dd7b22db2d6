import { id, Wallet } from "ethers";
import { iso } from "../../core/clock/clock.ts";
import type { Agreement, SignedAgreement } from "../../settlement/record/agreement.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import type { GridAgreement, GridTerms, SignedGridAgreement } from "../../settlement/record/grid-agreement.ts";
import { signAgreement } from "../../settlement/record/sign-agreement.ts";

/** Owner and signer of a party, the same in every run. */
export function partyOf(name: string): { owner: string; signer: Wallet } {
  const wallet = (what: string): Wallet => new Wallet(id(`smart-mla month: ${name} ${what}`));
  return { owner: wallet("owner").address.toLowerCase(), signer: wallet("signer") };
}
export type MonthParty = ReturnType<typeof partyOf>;

/** Zone of the street's days. */
export const zone = "Europe/Berlin";

interface Month {
  domain: SettlementDomain;
  startMs: number;
  endMs: number;
}

const ordered = (one: MonthParty, other: MonthParty): [MonthParty, MonthParty] =>
  one.owner < other.owner ? [one, other] : [other, one];

const common = (one: MonthParty, other: MonthParty, { domain, startMs, endMs }: Month) => {
  const [a, b] = ordered(one, other);
  return {
    v: 1 as const,
    a: a.owner,
    b: b.owner,
    signerA: a.signer.address.toLowerCase(),
    signerB: b.signer.address.toLowerCase(),
    from: iso(startMs),
    until: iso(endMs),
    timezone: zone,
    currency: "EUR",
    settlementContract: domain.contract,
    chainId: domain.chainId,
  };
};

async function bothSign<Terms extends Agreement | GridAgreement>(agreement: Terms, one: MonthParty, other: MonthParty) {
  const [a, b] = ordered(one, other);
  return {
    agreement,
    signatureA: await signAgreement(a.signer, agreement),
    signatureB: await signAgreement(b.signer, agreement),
  };
}

/** A home's contract: three quarters of what its car's flexibility earns, three events a day at most. */
export function homeContract(site: string, home: MonthParty, aggregator: MonthParty, month: Month): Promise<SignedAgreement> {
  const agreement: Agreement = {
    ...common(home, aggregator, month),
    aggregator: aggregator.owner,
    site,
    periodS: 86_400,
    reward: {
      kind: "flexibility",
      share: 750,
      paidAs: "money",
      control: {
        resources: ["battery", "car", "heat_pump", "tank"],
        hours: { from: "00:00", until: "00:00" },
        eventsPerDay: 3,
      },
    },
  };
  return bothSign(agreement, home, aggregator);
}

/** The street's contract with its grid operator. */
export function gridContract(
  terms: GridTerms,
  operator: MonthParty,
  aggregator: MonthParty,
  month: Month,
): Promise<SignedGridAgreement> {
  const agreement: GridAgreement = {
    ...common(operator, aggregator, month),
    kind: "grid",
    aggregator: aggregator.owner,
    feeders: [terms],
  };
  return bothSign(agreement, operator, aggregator);
}
