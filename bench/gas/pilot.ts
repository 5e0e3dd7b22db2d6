import { concat, id, Wallet } from "ethers";
import { iso } from "../../core/clock/clock.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import devEuro from "../../settlement/contracts/dev-euro.json" with { type: "json" };
import settlement from "../../settlement/contracts/settlement.json" with { type: "json" };
import { settlementInterface, tokenInterface } from "../../settlement/chain/chain-error.ts";
import { encodeLogPlace } from "../../settlement/log/log-place.ts";
import { recordBody } from "../../settlement/record/record-body.ts";
import { recordHead, signRecord } from "../../settlement/record/record.ts";
import { signPossession } from "../../settlement/record/typed-calls.ts";
import { anvilChainId, anvilKeys } from "../../test/fake/anvil.ts";
import type { GasMeter } from "./gas-meter.ts";

/** Gas of one call of each kind, in the month after the first, and of what is done once. */
export interface PilotGas {
  deploy: number;
  register: number;
  rotate: number;
  setDailyCap: number;
  firstDeposit: number;
  /** One top-up in a transaction of its own, and one of many in one. */
  deposit: number;
  depositMany: number;
  /** One settlement in a transaction of its own, and one of many in one. */
  settle: number;
  settleMany: number;
  firstSettle: number;
  /** A commitment with 1 and with 6 blobs, and 6 more blobs of an epoch. */
  commit: number;
  commitWithBlobs: number;
  attachBlobs: number;
  /** A commitment with so many bytes of data in it. */
  commitWithData: { bytes: number; gas: number };
  publish: number;
  requestWithdraw: number;
  executeWithdraw: number;
}

const startS = Date.parse("2026-03-01T00:00:00Z") / 1000;
const dayS = 86_400;
const at = (seconds: number): string => iso((startS + seconds) * 1000);
const addressOf = (wallet: Wallet): string => wallet.address.toLowerCase();
/** So many in one transaction: below the gas limit of a transaction. */
const batch = 100;

interface Signed {
  record: RecordWire;
  head: ReturnType<typeof recordHead>;
  sigA: string;
  sigB: string;
}

/** Mean gas of one call for each. */
async function mean<T>(items: readonly T[], gas: (item: T) => Promise<number>): Promise<number> {
  let sum = 0;
  for (const item of items) sum += await gas(item);
  return sum / items.length;
}

const chunks = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / batch) }, (_, index) => items.slice(index * batch, (index + 1) * batch));

/**
 * Two months of so many prosumers with one aggregator: registered, capped, their escrow filled, settled at the end of each
 * month and topped up. Every transaction is sent to the chain; the second month's are the figures.
 */
export async function pilotGas(meter: GasMeter, prosumers: number): Promise<PilotGas> {
  const { from } = meter;
  const token = (await meter.create(devEuro, [from, 10n ** 18n])).address;
  const created = await meter.create(settlement, [token, from]);
  const contract = created.address;
  const call = (method: string, args: readonly unknown[], sender = from) =>
    meter.call(contract, settlementInterface, method, args, sender);
  const domain = { chainId: anvilChainId, contract };
  const owner = addressOf(new Wallet(anvilKeys[2]));
  const aggregator = { owner, signer: new Wallet(id("pilot aggregator signer")) };
  const homes = Array.from({ length: prosumers }, (_, index) => ({
    owner: addressOf(new Wallet(id(`home ${index} owner`))),
    signer: new Wallet(id(`home ${index} signer`)),
  }));
  const register = await mean([aggregator, ...homes], async ({ owner: party, signer }) =>
    call("register", [party, signer.address, await signPossession(signer, domain, party)]),
  );
  await meter.call(token, tokenInterface, "approve", [contract, 2n ** 255n]);
  const ordered = homes.map((home) => {
    const homeIsA = home.owner < owner;
    const [a, b] = homeIsA ? [home, aggregator] : [aggregator, home];
    return { a, b, homeIsA };
  });
  const topUp = (amount: bigint) => ordered.map(({ a, b, homeIsA }) => ({ a: a.owner, b: b.owner, sideA: homeIsA, amount }));
  const firstDeposit = await mean(topUp(100_000_000n), ({ a, b, sideA, amount }) => call("deposit", [a, b, sideA, amount]));

  /** Records at the end of a month: the home took energy for 40 EUR and gave some for 15. */
  const month = (number: number) =>
    Promise.all(
      ordered.map(async ({ a, b, homeIsA }, index) => {
        const [home, other] = [number * (40_000_000 + index), number * 15_000_000];
        const record: RecordWire = {
          a: a.owner,
          b: b.owner,
          seq: number * 2880,
          start: at(number * 30 * dayS - 900),
          end: at(number * 30 * dayS),
          cumA: String(homeIsA ? home : other),
          cumB: String(homeIsA ? other : home),
          salt: id(`salt ${number} ${index}`),
          kind: "import",
          payer: homeIsA ? a.owner : b.owner,
          time: at(number * 30 * dayS + 30),
          wh: 1441,
          amount: "308532",
          prices: id("prices"),
          agreement: id("agreement"),
          ref: id(`evidence ${number} ${index}`),
          prev: id(`previous ${number} ${index}`),
        };
        const [sigA, sigB] = [await signRecord(a.signer, domain, record), await signRecord(b.signer, domain, record)];
        return { record, head: recordHead(record), sigA, sigB };
      }),
    );
  const settleAll = async (records: Signed[]): Promise<number> => {
    let gas = 0;
    for (const part of chunks(records))
      gas += await call("settleMany", [part.map(({ head, sigA, sigB }) => ({ head, sigA, sigB }))]);
    return gas / records.length;
  };
  await meter.warpTo(startS + 30 * dayS + 3600);
  const [alone, ...first] = await month(1);
  const firstSettle = await call("settle", [alone?.head, alone?.sigA, alone?.sigB]);
  await settleAll(first);
  const deposit = await mean(topUp(25_000_000n), ({ a, b, sideA, amount }) => call("deposit", [a, b, sideA, amount]));
  await meter.warpTo(startS + 60 * dayS + 3600);
  const [one, ...rest] = await month(2);
  const settle = await call("settle", [one?.head, one?.sigA, one?.sigB]);
  const settleMany = await settleAll(rest);
  let depositMany = 0;
  for (const part of chunks(topUp(25_000_000n))) depositMany += await call("depositMany", [part]);

  // The log: two epochs, so that nothing but the roots is new in the second.
  const root = id("root");
  const withBlobs = (method: string, args: readonly unknown[], blobs: number) =>
    meter.callWithBlobs(contract, settlementInterface, method, args, anvilKeys[2], blobs);
  await call("commit", [owner, 1, root, 96_000, 0, "0x"], owner);
  const commit = await call("commit", [owner, 2, root, 96_000, 0, "0x"], owner);
  const place = encodeLogPlace({ in: "blobs", length: 3_072_037 });
  const commitWithBlobs = await withBlobs("commit", [owner, 3, root, 96_000, 6, place], 6);
  const attachBlobs = await withBlobs("attachBlobs", [owner, 3, 6], 6);
  const bytes = 32_000;
  const data = concat(Array.from({ length: bytes / 32 }, (_, index) => id(`digest ${index}`)));
  const commitWithData = { bytes, gas: await call("commit", [owner, 4, root, 1000, 0, data], owner) };

  const next = new Wallet(id("pilot next signer"));
  const rotate = await call("rotate", [next.address, await signPossession(next, domain, owner)], owner);
  const setDailyCap = await call("setDailyCap", [50_000_000_000], owner);
  const [pair] = ordered;
  const places = [pair?.a.owner, pair?.b.owner];
  const requestWithdraw = await call("requestWithdraw", [...places, 1_000_000], owner);
  await meter.warpTo(startS + 91 * dayS);
  const executeWithdraw = await call("executeWithdraw", places, owner);
  const [newest] = await month(3);
  const publish = newest ? await call("publish", [newest.head, recordBody(newest.record), newest.sigA, "0x"]) : 0;
  return {
    deploy: created.gas,
    register,
    rotate,
    setDailyCap,
    firstDeposit,
    deposit,
    depositMany: depositMany / prosumers,
    settle,
    settleMany,
    firstSettle,
    commit,
    commitWithBlobs,
    attachBlobs,
    commitWithData,
    publish,
    requestWithdraw,
    executeWithdraw,
  };
}
