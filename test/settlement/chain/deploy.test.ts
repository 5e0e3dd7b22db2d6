import { getCreateAddress, Transaction } from "ethers";
import { afterEach, expect, it } from "vitest";
import { chainProvider } from "../../../settlement/chain/chain-provider.ts";
import { createOnce, devEuroCode, settlementCode } from "../../../settlement/chain/deploy.ts";
import { deterministicAddress, deterministicDeployer } from "../../../settlement/chain/deterministic-deployer.ts";
import { type Anvil, anvilChainId, anvilKeys, startAnvil } from "../../fake/anvil.ts";
import { code } from "../contract-rig.ts";

const open: Anvil[] = [];
afterEach(async () => {
  for (const anvil of open.splice(0)) await anvil.stop();
});
const start = async (...args: string[]) => {
  const anvil = await startAnvil({ args });
  open.push(anvil);
  return { rpcUrl: anvil.url, chainId: anvilChainId, pollMs: 5 };
};
const [key, other] = anvilKeys;
const holder = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
const place = { token: deterministicAddress(devEuroCode(holder, 5n)), registrar: `0x${"11".repeat(20)}` };

it("knows the deployer of all chains: its transaction is by the sender, and leaves that code", () => {
  const transaction = Transaction.from(deterministicDeployer.transaction);
  expect(transaction.from?.toLowerCase()).toBe(deterministicDeployer.sender);
  expect(getCreateAddress({ from: deterministicDeployer.sender, nonce: 0 }).toLowerCase()).toBe(deterministicDeployer.address);
  expect(transaction.data.endsWith(deterministicDeployer.code.slice(2))).toBe(true);
  expect(transaction.gasLimit * (transaction.gasPrice ?? 0n)).toBe(deterministicDeployer.costWei);
});

it("deploys to the same address whoever sends it, once", async () => {
  const [one, two] = [await start(), await start()];
  const first = await createOnce({ ...one, privateKey: key }, "test", settlementCode(place));
  expect(first.address).toBe(deterministicAddress(settlementCode(place)));
  expect(first.mined?.feeWei).toBeGreaterThan(0n);
  expect((await createOnce({ ...two, privateKey: other }, "test", settlementCode(place))).address).toBe(first.address);
  expect(await createOnce({ ...one, privateKey: other }, "test", settlementCode(place))).toEqual({
    address: first.address,
    mined: null,
  });
  const elsewhere = settlementCode({ ...place, registrar: `0x${"22".repeat(20)}` });
  expect(deterministicAddress(elsewhere)).not.toBe(first.address);
});

it("brings the deployer to a chain that has none", async () => {
  const options = { ...(await start("--disable-default-create2-deployer")), privateKey: key };
  const provider = chainProvider(options.rpcUrl, anvilChainId);
  expect(await provider.getCode(deterministicDeployer.address)).toBe("0x");
  await createOnce(options, "test", devEuroCode(holder, 5n));
  expect(await provider.getCode(deterministicDeployer.address)).toBe(deterministicDeployer.code);
  expect(await provider.getCode(place.token)).not.toBe("0x");
  provider.destroy();
});

it("says what is missing: coins, or a node", async () => {
  const broke = { ...(await start()), privateKey: `0x${"42".repeat(32)}` };
  await expect(createOnce(broke, "test", devEuroCode(holder, 5n))).rejects.toEqual(code("chain-no-funds"));
  const away = { ...broke, rpcUrl: "http://127.0.0.1:9" };
  await expect(createOnce(away, "test", devEuroCode(holder, 5n))).rejects.toMatchObject({
    code: "chain-unreachable",
    temporary: true,
  });
});
