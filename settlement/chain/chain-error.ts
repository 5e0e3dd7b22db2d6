import { Interface } from "ethers/abi";
import { isCallException, isError } from "ethers/utils";
import { AppError, errorMessage } from "../../core/app-error.ts";
import devEuro from "../contracts/dev-euro.json" with { type: "json" };
import settlement from "../contracts/settlement.json" with { type: "json" };

/** Calls, events and errors of the settlement contract. */
export const settlementInterface = new Interface(settlement.abi);

/** Those of the money. */
export const tokenInterface = new Interface(devEuro.abi);

/** InsufficientEscrow -> insufficient-escrow; ERC20InsufficientBalance -> erc20-insufficient-balance. */
const kebab = (name: string): string => name.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();

/**
 * What went wrong with a call or transaction, in our terms. A contract's revert becomes `settlement-` and the name of its
 * error, such as settlement-insufficient-escrow, with the arguments in the message.
 * Others: chain-reverted (no reason given), chain-no-contract, chain-no-funds (the sender cannot pay for gas),
 * chain-nonce-taken (temporary), chain-refused, chain-bad-argument, chain-unreachable (temporary).
 */
export function chainError(what: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isCallException(error)) return chainRevert(what, error.data ?? "0x", error);
  if (isError(error, "INSUFFICIENT_FUNDS"))
    return new AppError("chain-no-funds", `${what}: the sending address cannot pay for gas`, { cause: error });
  if (isError(error, "BAD_DATA"))
    return new AppError("chain-no-contract", `${what}: no settlement contract at this address, or another one`, { cause: error });
  if (isError(error, "INVALID_ARGUMENT"))
    return new AppError("chain-bad-argument", `${what}: ${error.shortMessage}`, { cause: error });
  if (isError(error, "NONCE_EXPIRED") || isError(error, "REPLACEMENT_UNDERPRICED"))
    return new AppError("chain-nonce-taken", `${what}: another transaction of this address came first; send again`, {
      temporary: true,
      cause: error,
    });
  if (isError(error, "UNKNOWN_ERROR"))
    return new AppError("chain-refused", `${what}: the node refused: ${errorMessage(error)}`, { cause: error });
  return new AppError("chain-unreachable", `${what}: the chain does not answer: ${errorMessage(error)}`, {
    temporary: true,
    cause: error,
  });
}

/** What the error says with which a contract reverted; `data` is that error in hex, "0x" where it gave none. */
export function chainRevert(what: string, data: string, cause?: unknown): AppError {
  const parsed = data === "0x" ? null : (settlementInterface.parseError(data) ?? tokenInterface.parseError(data));
  if (!parsed) return new AppError("chain-reverted", `${what}: reverted without a reason that is known`, { cause });
  const values = parsed.fragment.inputs.map(({ name }, index) => `${name} ${String(parsed.args[index])}`).join(", ");
  return new AppError(`settlement-${kebab(parsed.name)}`, `${what}: ${parsed.name}${values ? ` (${values})` : ""}`, { cause });
}
