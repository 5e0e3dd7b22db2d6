import { AppError } from "../../core/app-error.ts";
import { recoverSigner } from "../record/signature.ts";

/** What was signed, and the signature; both in hex. */
export interface SignedDigest {
  digest: string;
  signature: string;
}

/** The key of each, lower case; null where it is no signature that the contract would take. */
export function signersOf(batch: readonly SignedDigest[]): (string | null)[] {
  return batch.map(({ digest, signature }) => {
    try {
      return recoverSigner(digest, signature);
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  });
}
