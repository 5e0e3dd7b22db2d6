import { AppError } from "../core/app-error.ts";
import { chainClient } from "../settlement/chain/chain-client.ts";
import { openKeystore } from "../settlement/keys/keystore.ts";
import { readPassphrase } from "../settlement/keys/read-passphrase.ts";
import { recoverSigner } from "../settlement/record/signature.ts";
import { rotationDigest } from "../settlement/record/typed-calls.ts";
import { exitCode } from "./exit-code.ts";
import { readRotationRequest } from "./rotation-request.ts";

/** Options of the command line. */
export interface ApproveOptions {
  /** Keystore of the owner's key. */
  ownerKey: string;
  passphraseFile: string;
  rpc: string;
  json?: true;
}

/**
 * `smart-mla key approve REQUEST --owner-key FILE --passphrase-file FILE --rpc URL`: sends the contract's `rotate` for a
 * request of `key rotate`, from wherever the owner's key is. Nothing is sent unless the signer that the chain has asked for
 * it, which a stolen request of another gateway cannot show.
 * @throws AppError rotation-unreadable, rotation-not-authorised, keystore-unexpected-key, and as openKeystore and chainClient
 */
export async function keyApprove(file: string, options: ApproveOptions, say: (line: string) => void): Promise<number> {
  const request = readRotationRequest(file);
  const { owner, from, to, time, chainId, contract, authorisation, possessionProof } = request;
  const asked = recoverSigner(rotationDigest({ chainId, contract }, { owner, from, to, time }), authorisation);
  const wallet = await openKeystore(options.ownerKey, readPassphrase(options.passphraseFile));
  if (wallet.address.toLowerCase() !== owner)
    throw new AppError(
      "keystore-unexpected-key",
      `${options.ownerKey} holds ${wallet.address.toLowerCase()}, but the request is for ${owner}; take the key of that owner`,
    );
  const chain = chainClient({ rpcUrl: options.rpc, chainId, contract, privateKey: wallet.privateKey });
  try {
    const { signer } = await chain.partyOf(owner);
    if (signer === to) {
      say(options.json ? JSON.stringify({ state: "done", owner, to }) : `${to} is the signer of ${owner} already`);
      return exitCode.good;
    }
    if (asked !== from || signer !== from)
      throw new AppError(
        "rotation-not-authorised",
        `${file} was signed by ${asked}, and the chain has ${signer ?? "nobody"} as the signer of ${owner}; ask the gateway for a new request (smart-mla key rotate), and only approve one that you expect`,
      );
    const { hash } = await chain.rotate(to, possessionProof);
    say(
      options.json
        ? JSON.stringify({ state: "sent", owner, from, to, hash })
        : `${to} signs for ${owner} from now on (${hash}); run smart-mla key rotate at the gateway once more, with the agent stopped`,
    );
    return exitCode.good;
  } finally {
    chain.close();
  }
}
