import { existsSync } from "node:fs";
import type { Wallet } from "ethers/wallet";
import { z } from "zod";
import type { AgentConfig, SettlementConfig } from "../agent/config/agent-config.ts";
import { AppError } from "../core/app-error.ts";
import { Address, Signature } from "../core/message/fields.ts";
import { readJsonFile } from "../core/read-json-file.ts";
import { writeWholeFile } from "../core/write-whole-file.ts";
import { householdOf } from "../settlement/record/agreement.ts";
import { signPossession, signRotation } from "../settlement/record/typed-calls.ts";
import { agreementOf } from "./expected-signer.ts";

/** What the holder of the owner's key needs to send the contract's `rotate`, and to see that the present signer asks for it. */
const RotationRequest = z.object({
  v: z.literal(1),
  owner: Address,
  from: Address,
  to: Address,
  /** Unix seconds. */
  time: z.int().positive(),
  chainId: z.int().positive(),
  contract: Address,
  /** EIP-712 signature of KeyRotation(owner, from, to, time) by the present signer. */
  authorisation: Signature,
  /** EIP-712 signature of PossessionProof(owner) by the next one. */
  possessionProof: Signature,
});
type RotationRequest = z.infer<typeof RotationRequest>;

/** A request as its holder got it. @throws AppError rotation-unreadable */
export function readRotationRequest(file: string): RotationRequest {
  const { data, error } = RotationRequest.safeParse(readJsonFile(file, "rotation-unreadable"));
  if (!data)
    throw new AppError(
      "rotation-unreadable",
      `${file} is no request of smart-mla key rotate (${error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}); take the file that it wrote`,
    );
  return data;
}

/** Writes the request beside the keys; one that is there for the same two keys stays. Nothing in it is secret. */
export async function rotationRequest(given: {
  config: AgentConfig & { settlement: SettlementConfig };
  present: Wallet;
  next: Wallet;
  file: string;
}): Promise<{ owner: string; file: string }> {
  const { config, present, next, file } = given;
  const owner = householdOf(agreementOf(config));
  const { chainId, contract } = config.settlement;
  const [from, to] = [present.address.toLowerCase(), next.address.toLowerCase()];
  const before = existsSync(file) ? RotationRequest.safeParse(readJsonFile(file, "rotation-unreadable")).data : undefined;
  if (before?.owner === owner && before.from === from && before.to === to && before.contract === contract) return { owner, file };
  const domain = { chainId, contract };
  const time = Math.floor(Date.now() / 1000);
  const request: RotationRequest = {
    v: 1,
    owner,
    from,
    to,
    time,
    chainId,
    contract,
    authorisation: await signRotation(present, domain, { owner, from, to, time }),
    possessionProof: await signPossession(next, domain, owner),
  };
  writeWholeFile(file, `${JSON.stringify(request, null, 2)}\n`, 0o600);
  return { owner, file };
}
