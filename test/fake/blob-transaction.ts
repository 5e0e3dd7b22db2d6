import { concat, type JsonRpcProvider, sha256, Transaction, Wallet } from "ethers";
import { anvilChainId } from "./anvil.ts";

/**
 * Blobs that say the same number 4096 times, so that no trusted setup is needed: the commitment to a constant c is c times the
 * generator of G1, and its proof is the point at infinity. Only 0 and 1 are known by heart.
 */
const infinity = `0xc0${"00".repeat(47)}`;
const generator = "0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
const constantBlob = (constant: 0 | 1) => ({
  data: `0x${`${"00".repeat(31)}0${constant}`.repeat(4096)}`,
  commitment: constant === 0 ? infinity : generator,
  proof: infinity,
});

/** Versioned hash of such a blob (EIP-4844), as BLOBHASH gives it. */
export const versionedHash = (constant: 0 | 1): string =>
  concat(["0x01", `0x${sha256(constantBlob(constant).commitment).slice(4)}`]);

/** Sends a transaction with blobs to a development chain; gives its hash. */
export async function sendWithBlobs(
  provider: JsonRpcProvider,
  privateKey: string,
  { to, data }: { to: string; data: string },
  constants: readonly (0 | 1)[],
): Promise<string> {
  const wallet = new Wallet(privateKey);
  const transaction = Transaction.from({
    type: 3,
    chainId: anvilChainId,
    nonce: await provider.getTransactionCount(wallet.address),
    to,
    data,
    gasLimit: 1_000_000,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 1n,
    maxFeePerBlobGas: 10n ** 11n,
    blobVersionedHashes: constants.map(versionedHash),
  });
  transaction.blobs = constants.map(constantBlob);
  transaction.signature = wallet.signingKey.sign(transaction.unsignedHash);
  return String(await provider.send("eth_sendRawTransaction", [transaction.serialized]));
}
