import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { Address, Signature } from "../../core/message/fields.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { signPossession } from "../../settlement/record/typed-calls.ts";
import { exitCode } from "../exit-code.ts";
import { wholeNumber } from "../whole-number.ts";
import { addressIn, type KeyOptions, openKey, type Sending, withSender } from "./sending.ts";

/** What a registrar needs to enter a party. Nothing in it is secret. */
const RegistrationRequest = z.strictObject({
  v: z.literal(1),
  owner: Address,
  signer: Address,
  chainId: z.int().positive(),
  contract: Address,
  /** EIP-712 signature of PossessionProof(owner) by the signer. */
  possessionProof: Signature,
});
type RegistrationRequest = z.infer<typeof RegistrationRequest>;

/** `smart-mla settlement prove OWNER`: prints a request by which a registrar enters the owner with this signer. */
export async function settlementProve(
  owner: string,
  options: KeyOptions & { contract: string; chainId: string },
  say: (line: string) => void,
): Promise<number> {
  const wallet = await openKey(options);
  const domain = {
    chainId: wholeNumber("--chain-id", options.chainId, { least: 1 }),
    contract: addressIn(options.contract, "--contract"),
  };
  const request: RegistrationRequest = {
    v: 1,
    owner: addressIn(owner, "owner"),
    signer: wallet.address.toLowerCase(),
    ...domain,
    possessionProof: await signPossession(wallet, domain, addressIn(owner, "owner")),
  };
  say(JSON.stringify(request, null, 2));
  return exitCode.good;
}

/**
 * `smart-mla settlement register REQUEST`: enters a party, with the registrar's key; says so where it is there already.
 * @throws AppError registration-malformed, settlement-already-registered (with another signer), and as ChainClient
 */
export async function settlementRegister(file: string, options: Sending, say: (line: string) => void): Promise<number> {
  const request = parseAs(RegistrationRequest, readJsonFile(file, "registration-malformed"), "registration-malformed", file);
  const { owner, signer, possessionProof } = request;
  return withSender(options, request, async (chain) => {
    const party = await chain.partyOf(owner);
    if (party.until !== 0 && party.signer !== signer)
      throw new AppError(
        "settlement-already-registered",
        `${owner} is registered with signer ${party.signer ?? "none (revoked)"}; its owner changes that (smart-mla key approve)`,
      );
    const mined = party.until === 0 ? await chain.register(owner, signer, possessionProof) : null;
    const paid = mined && { hash: mined.hash, feeWei: String(mined.feeWei) };
    if (options.json) say(JSON.stringify({ state: mined ? "registered" : "there", owner, signer, ...paid }));
    else
      say(
        `${owner} ${mined ? "is registered" : "was registered before"} with signer ${signer}${mined ? ` (${mined.hash})` : ""}`,
      );
    return exitCode.good;
  });
}
