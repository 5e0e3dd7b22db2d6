import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HDNodeWallet, Wallet } from "ethers/wallet";
import { iso } from "../../../core/clock/clock.ts";
import { chainClient } from "../../../settlement/chain/chain-client.ts";
import { deployDevEuro, deploySettlement } from "../../../settlement/chain/deploy.ts";
import { writeKeystore } from "../../../settlement/keys/keystore.ts";
import type { Agreement } from "../../../settlement/record/agreement.ts";
import type { GridAgreement } from "../../../settlement/record/grid-agreement.ts";
import { signAgreement } from "../../../settlement/record/sign-agreement.ts";
import { signPossession } from "../../../settlement/record/typed-calls.ts";
import { anvilChainId } from "../../fake/anvil.ts";

const devWords = "test test test test test test test test test test test junk";
const passphrase = "long enough a passphrase";
/** 50.00 on each side of each pair. */
export const escrowMicro = 50_000_000n;

/** A registered party with its signer. */
export interface MarketParty {
  owner: string;
  signer: Wallet;
}

/** A settlement contract with registered parties, and agreements with money in escrow. */
export async function marketParties(rpcUrl: string) {
  const dev = (index: number): string => HDNodeWallet.fromPhrase(devWords, "", `m/44'/60'/0'/0/${index}`).privateKey;
  const [bank, registrar] = [dev(0), dev(1)];
  const base = { rpcUrl, chainId: anvilChainId, pollMs: 20 };
  const token = await deployDevEuro({ ...base, privateKey: bank }, 1_000_000_000_000n);
  const contract = await deploySettlement(
    { ...base, privateKey: bank },
    { token, registrar: new Wallet(registrar).address.toLowerCase() },
  );
  const treasury = chainClient({ ...base, contract, privateKey: bank });
  const registry = chainClient({ ...base, contract, privateKey: registrar });
  const domain = { chainId: anvilChainId, contract };
  /** @param folder where its key is written, in `keys/own.json`; @param gasKey one of the chain's accounts */
  const enter = async (folder?: string, gasKey?: string): Promise<MarketParty> => {
    const made = gasKey === undefined ? Wallet.createRandom() : new Wallet(gasKey);
    const signer = new Wallet(made.privateKey);
    const owner = Wallet.createRandom().address.toLowerCase();
    await registry.register(owner, signer.address.toLowerCase(), await signPossession(signer, domain, owner));
    if (folder !== undefined) {
      mkdirSync(join(folder, "keys"), { recursive: true, mode: 0o700 });
      const { privateKey, address } = signer;
      await writeKeystore(join(folder, "keys", "own.json"), { privateKey, address }, passphrase, { scryptN: 2 });
      writeFileSync(join(folder, "passphrase"), passphrase, { mode: 0o600 });
    }
    return { owner, signer };
  };
  const sidesOf = (one: MarketParty, other: MarketParty) => {
    const [a, b] = one.owner < other.owner ? [one, other] : [other, one];
    return {
      sides: [a, b] as const,
      fields: {
        a: a.owner,
        b: b.owner,
        signerA: a.signer.address.toLowerCase(),
        signerB: b.signer.address.toLowerCase(),
        aggregator: one.owner,
        settlementContract: contract,
        chainId: anvilChainId,
        currency: "EUR",
      },
    };
  };
  const sign = async <Terms extends Agreement | GridAgreement>(
    [a, b]: readonly [MarketParty, MarketParty],
    agreement: Terms,
  ): Promise<{ agreement: Terms; signatureA: string; signatureB: string }> => {
    await treasury.deposit(a.owner, b.owner, "a", escrowMicro);
    await treasury.deposit(a.owner, b.owner, "b", escrowMicro);
    return {
      agreement,
      signatureA: await signAgreement(a.signer, agreement),
      signatureB: await signAgreement(b.signer, agreement),
    };
  };
  return {
    contract,
    domain,
    dev,
    enter,
    withHome(aggregator: MarketParty, home: MarketParty, site: string, fromMs: number, timezone: string) {
      const { sides, fields } = sidesOf(aggregator, home);
      const agreement: Agreement = {
        v: 1,
        ...fields,
        site,
        from: iso(fromMs),
        until: iso(fromMs + 30 * 86_400_000),
        timezone,
        periodS: 86_400,
        reward: {
          kind: "flexibility",
          share: 750,
          paidAs: "money",
          control: { resources: ["car"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 96 },
        },
      };
      return sign(sides, agreement);
    },
    withOperator(
      aggregator: MarketParty,
      operator: MarketParty,
      fromMs: number,
      timezone: string,
      orders: GridAgreement["orders"],
    ) {
      const { sides, fields } = sidesOf(aggregator, operator);
      const feeders = [{ feeder: "street", importLimitW: 1_000_000, day: [], charges: [], availabilityPerDay: "0" }];
      const agreement: GridAgreement = {
        v: 1,
        kind: "grid",
        ...fields,
        from: iso(fromMs),
        until: iso(fromMs + 30 * 86_400_000),
        timezone,
        feeders,
        ...(orders && { orders }),
      };
      return sign(sides, agreement);
    },
    close() {
      treasury.close();
      registry.close();
    },
  };
}
