import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { HDNodeWallet, Wallet } from "ethers/wallet";
import { iso } from "../../core/clock/clock.ts";
import { SignedAgreement, type Agreement } from "../../settlement/record/agreement.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { deployDevEuro, deploySettlement } from "../../settlement/chain/deploy.ts";
import { createKeystore, openKeystore } from "../../settlement/keys/keystore.ts";
import { signAgreement } from "../../settlement/record/sign-agreement.ts";
import { signPossession } from "../../settlement/record/typed-calls.ts";
import { jsonRpc } from "../../simulator/chain/json-rpc.ts";
import { devChainId } from "../../simulator/chain/run-chain.ts";

/** The words that every development chain gives money to; never use them where money is real. */
const devWords = "test test test test test test test test test test test junk";
/** 200 EUR on each side of each pair. */
const escrowMicro = 200_000_000n;

/** More gas than a demo can use: 100 coins. */
const gasWei = 100n * 10n ** 18n;
/** What the bank is given, and much more than all escrows: 1,000,000 EUR. */
const supplyMicro = 1_000_000_000_000n;
/** Reward for a day of taking part: 0.35 EUR. */
const usualRewardMicro = 350_000n;

/** Where a party keeps its signing key. */
export interface KeyPlace {
  keyFile: string;
  passphraseFile: string;
}

/** Who takes part, registered on the chain and with money in escrow. */
export interface DemoParties {
  contract: string;
  /** Owner address of the aggregator. */
  aggregator: string;
  /** Agreement by site, signed by both. */
  agreements: Map<string, SignedAgreement>;
  /** The same of the homes with the exchange; empty where there is none. */
  exchangeAgreements: Map<string, SignedAgreement>;
}

/** A party with its key. */
interface DemoParty {
  owner: string;
  signer: Wallet;
}

const perDay = (micro: bigint): Agreement["reward"] => ({ kind: "per_day", amount: String(micro) });

/**
 * Deploys the contracts on a development chain, makes a key for each party, registers all, signs an agreement for each
 * home and pays into escrow. The registrar is an address of its own, not the aggregator.
 */
export async function setUpParties(options: {
  rpcUrl: string;
  startMs: number;
  timezone: string;
  aggregator: KeyPlace;
  homes: readonly ({ site: string } & KeyPlace)[];
  /** At which the homes trade. */
  exchange?: KeyPlace;
  /** For a day of taking part, micro-units; 0.35 EUR where nobody says it. */
  rewardMicro?: bigint;
  /** Whether homes get coins for gas too, to send by themselves. */
  homesSend: boolean;
  /** How taking part is rewarded; by the day where it is left out. */
  reward?: Agreement["reward"];
}): Promise<DemoParties> {
  const { rpcUrl } = options;
  const dev = (index: number): string => HDNodeWallet.fromPhrase(devWords, "", `m/44'/60'/0'/0/${index}`).privateKey;
  const [bank, registrar] = [dev(0), dev(1)];
  const base = { rpcUrl, chainId: devChainId, pollMs: 20 };
  const token = await deployDevEuro({ ...base, privateKey: bank }, supplyMicro);
  const contract = await deploySettlement(
    { ...base, privateKey: bank },
    { token, registrar: new Wallet(registrar).address.toLowerCase() },
  );
  const treasury = chainClient({ ...base, contract, privateKey: bank });
  const registry = chainClient({ ...base, contract, privateKey: registrar });
  const domain = { chainId: devChainId, contract };
  const enter = async (place: KeyPlace): Promise<DemoParty> => {
    const passphrase = randomBytes(24).toString("base64url");
    for (const file of [place.keyFile, place.passphraseFile]) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(place.passphraseFile, `${passphrase}\n`, { mode: 0o600 });
    await createKeystore(place.keyFile, passphrase, { scryptN: 1024 });
    const signer = await openKeystore(place.keyFile, passphrase);
    const owner = Wallet.createRandom().address.toLowerCase();
    await registry.register(owner, signer.address.toLowerCase(), await signPossession(signer, domain, owner));
    return { owner, signer };
  };
  try {
    const aggregator = await enter(options.aggregator);
    const exchange = options.exchange && (await enter(options.exchange));
    // Development chains give coins for gas to whoever asks.
    const giveCoins = (address: string) => jsonRpc(rpcUrl, "anvil_setBalance", [address, `0x${gasWei.toString(16)}`]);
    for (const party of [aggregator, ...(exchange ? [exchange] : [])]) await giveCoins(party.signer.address);
    const contractOf = async (
      household: DemoParty,
      { site, other, reward }: { site: string; other: DemoParty; reward: Agreement["reward"] },
    ): Promise<SignedAgreement> => {
      const [a, b] = other.owner < household.owner ? [other, household] : [household, other];
      const agreement: Agreement = {
        v: 1,
        a: a.owner,
        b: b.owner,
        signerA: a.signer.address.toLowerCase(),
        signerB: b.signer.address.toLowerCase(),
        aggregator: other.owner,
        site,
        from: iso(options.startMs),
        until: iso(options.startMs + 365 * 24 * 3_600_000),
        timezone: options.timezone,
        currency: "EUR",
        periodS: 3600,
        reward,
        settlementContract: contract,
        chainId: devChainId,
      };
      const [signatureA, signatureB] = [await signAgreement(a.signer, agreement), await signAgreement(b.signer, agreement)];
      for (const side of ["a", "b"] as const) await treasury.deposit(a.owner, b.owner, side, escrowMicro);
      return SignedAgreement.parse({ agreement, signatureA, signatureB });
    };
    const reward = options.reward ?? perDay(options.rewardMicro ?? usualRewardMicro);
    const [agreements, exchangeAgreements] = [new Map<string, SignedAgreement>(), new Map<string, SignedAgreement>()];
    for (const home of options.homes) {
      const { site } = home;
      const household = await enter(home);
      if (options.homesSend) await giveCoins(household.signer.address);
      agreements.set(site, await contractOf(household, { site, other: aggregator, reward }));
      if (exchange) exchangeAgreements.set(site, await contractOf(household, { site, other: exchange, reward: perDay(0n) }));
    }
    return { contract, aggregator: aggregator.owner, agreements, exchangeAgreements };
  } finally {
    treasury.close();
    registry.close();
  }
}
