import { SigningKey } from "ethers/crypto";
import { id, type TypedDataDomain, TypedDataEncoder, type TypedDataField } from "ethers/hash";
import { computeAddress } from "ethers/transaction";
import { isError } from "ethers/utils";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { Signature } from "../../core/message/fields.ts";
import { type SettlementDomain, typedDomain } from "./domain.ts";

/** Struct types of EIP-712 by name. */
export type TypedFields = Record<string, TypedDataField[]>;

/** Whatever can sign typed data: a Wallet of ethers, or a device that holds the key. */
export interface TypedDataSigner {
  signTypedData(domain: TypedDataDomain, types: TypedFields, value: Record<string, unknown>): Promise<string>;
}

/** Half the order of secp256k1; a signature with a higher s has a twin and is refused (EIP-2). */
const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** EIP-712 digest of a struct. @throws AppError settlement-bad-record where a value is outside its type, such as a time before 1970 */
export function typedDigest(domain: SettlementDomain, types: TypedFields, value: Record<string, unknown>): string {
  try {
    return TypedDataEncoder.hash(typedDomain(domain), types, value);
  } catch (cause) {
    if (!isError(cause, "INVALID_ARGUMENT")) throw cause;
    throw new AppError("settlement-bad-record", `cannot be signed: ${cause.shortMessage} (${String(cause.value)})`, { cause });
  }
}

/** EIP-712 hash of a struct's type. */
export function typeHash(name: string, types: TypedFields): string {
  return id(TypedDataEncoder.from(types).encodeType(name));
}

/** Signs a struct. Gives 65 bytes with low s in lower-case hex. @throws AppError settlement-bad-signature */
export async function signTyped(
  wallet: TypedDataSigner,
  domain: SettlementDomain,
  types: TypedFields,
  value: Record<string, unknown>,
): Promise<string> {
  const signature = (await wallet.signTypedData(typedDomain(domain), types, value)).toLowerCase();
  checkForm(signature);
  return signature;
}

/**
 * Address, lower case, of the key that signed a digest. Takes what the contract takes and nothing else:
 * 65 bytes, v 27 or 28, low s.
 * @throws AppError settlement-bad-signature where it is not such a signature
 */
export function recoverSigner(digest: string, signature: string): string {
  checkForm(signature);
  try {
    return computeAddress(SigningKey.recoverPublicKey(digest, signature)).toLowerCase();
  } catch (cause) {
    throw new AppError("settlement-bad-signature", `no key can have made this signature: ${errorMessage(cause)}`, { cause });
  }
}

function checkForm(signature: string): void {
  if (!Signature.safeParse(signature).success)
    throw new AppError("settlement-bad-signature", "a signature is 65 bytes as 0x and 130 lower-case hex digits");
  if (!/(1b|1c)$/.test(signature)) throw new AppError("settlement-bad-signature", "a signature ends in 1b or 1c");
  if (BigInt(`0x${signature.slice(66, 130)}`) > halfOrder)
    throw new AppError("settlement-bad-signature", "this signature has a high s; its twin with low s is the valid one");
}
