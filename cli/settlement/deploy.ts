import { AppError } from "../../core/app-error.ts";
import { createOnce, devEuroCode, settlementCode } from "../../settlement/chain/deploy.ts";
import { exitCode } from "../exit-code.ts";
import { addressIn, amountIn, openKey, type Sending, servedChain } from "./sending.ts";

interface DeployOptions extends Sending {
  token?: string;
  /** Supply of the worthless euro that is the token instead. */
  devEuro?: string;
  registrar: string;
}

/**
 * `smart-mla settlement deploy`: creates the settlement contract, or says that it is there. The key pays for gas and gets no
 * rights; who sends does not change the address.
 * @throws AppError settlement-no-token, and as createOnce
 */
export async function settlementDeploy(options: DeployOptions, say: (line: string) => void): Promise<number> {
  const registrar = addressIn(options.registrar, "--registrar");
  if ((options.token === undefined) === (options.devEuro === undefined))
    throw new AppError("settlement-no-token", "give either --token, or --dev-euro for a development chain");
  const { privateKey, address: sender } = await openKey(options);
  const at = { rpcUrl: options.rpc, chainId: await servedChain(options.rpc), privateKey };
  const token =
    options.token === undefined
      ? (await createOnce(at, "deploying DevEuro", devEuroCode(sender, amountIn(options.devEuro ?? "", "--dev-euro")))).address
      : addressIn(options.token, "--token");
  const { address: contract, mined } = await createOnce(at, "deploying Settlement", settlementCode({ token, registrar }));
  const { chainId } = at;
  const paid = mined && { hash: mined.hash, feeWei: String(mined.feeWei) };
  if (options.json) say(JSON.stringify({ state: mined ? "deployed" : "there", contract, chainId, token, registrar, ...paid }));
  else
    say(
      `${contract} on chain ${chainId} ${mined ? `was deployed (${mined.hash})` : "is there already"}; token ${token}, registrar ${registrar}`,
    );
  return exitCode.good;
}
