import { expect, it } from "vitest";
import type { Watchtower } from "../../../agent/settle/watchtower.ts";
import { hold } from "../../../agent/store/settlement-hold.ts";
import type { CosignedRecord } from "../../../core/message/settlement-message.ts";
import { AppError, errorCode } from "../../../core/app-error.ts";
import { recordDigest, recordHead } from "../../../settlement/record/record.ts";
import { publishCall } from "../../../settlement/chain/settlement-calls.ts";
import { bothSign, exampleRecord, householdIsA, newestSaid } from "../../settlement/fixture.ts";
import { homeOnChain, hourOf } from "./home-on-chain.ts";

type Home = Awaited<ReturnType<typeof homeOnChain>>;

/** A watchtower in memory that can be away. */
function memoryTower() {
  const kept: CosignedRecord[][] = [];
  const tower = { away: false, records: [] as CosignedRecord[], kept };
  const unlessAway = <T>(value: T): Promise<T> =>
    tower.away ? Promise.reject(new AppError("watchtower-unreachable", "away")) : Promise.resolve(value);
  const door: Watchtower = {
    ask: () => unlessAway(tower.records),
    async keep(records) {
      await unlessAway(null);
      tower.records = [...records];
      kept.push(tower.records);
    },
  };
  return { tower, door };
}

/** As after a lost database. */
function lose({ db, clock }: Home): void {
  db.exec("delete from record; delete from cosigned");
  hold(db, "the database was damaged", clock.now());
}

it("hands the newest record of each register to the watchtower, again after it was away, and nothing while nothing is new", async () => {
  const home = await homeOnChain();
  const { tower, door } = memoryTower();
  const chores = home.choresWith({ tower: door });
  await home.cosigned("import", 0);
  await home.cosigned("export", 0);
  await chores(false);
  await chores(false);
  expect([tower.kept.length, tower.records.map(({ record, evidence }) => [record.seq, evidence.slots.length])]).toEqual([
    1,
    [
      [1, 0],
      [2, 0],
    ],
  ]);
  tower.away = true;
  await home.cosigned("export", 1);
  await chores(false);
  tower.away = false;
  await home.clock.advance(60_000);
  await chores(false);
  expect([tower.kept.length, tower.records.map(({ record }) => record.seq)]).toEqual([2, [1, 3]]);
});

it("takes the newest records back from the watchtower by itself, and signs on after them", async () => {
  const home = await homeOnChain();
  const { door } = memoryTower();
  const chores = home.choresWith({ tower: door });
  await home.cosigned("import", 0);
  await home.cosigned("export", 0);
  await chores(false);
  lose(home);
  const third = home.next("import", 1);
  expect(await home.sign(third)).toBe("settlement-journal-behind");
  await chores(false);
  expect([home.stores.hold.held(), await home.sign(third)]).toEqual([null, "signed"]);
});

it("signs on after a recovery although the chain's newest record is one that it has not got back", async () => {
  const home = await homeOnChain();
  const { door } = memoryTower();
  const chores = home.choresWith({ tower: door });
  const settled = await home.cosigned("import", 0);
  await home.market.funder.settle(recordHead(settled), ...(await bothSign(home.domain, settled)));
  await home.cosigned("import", 1);
  await home.cosigned("export", 0);
  await chores(false);
  lose(home);
  await chores(false);
  expect(home.stores.records.at(home.pair, settled.seq)).toBeUndefined();
  expect(await home.sign(home.next("export", 1))).toBe("signed");
});

it("does not lift the hold for a watchtower that lies or is away", async () => {
  const home = await homeOnChain();
  const { tower, door } = memoryTower();
  const chores = home.choresWith({ tower: door });
  const first = await home.cosigned("import", 0);
  await chores(false);
  const [kept] = tower.records;
  if (!kept) expect.fail("nothing kept");
  lose(home);
  tower.records = [{ ...kept, gatewaySignature: kept.aggregatorSignature }];
  await chores(false);
  expect(home.stores.hold.held()).not.toBeNull();
  tower.away = true;
  await home.clock.advance(60_000);
  await chores(false);
  expect(home.codes()).toEqual(["settlement-head-unproven", "watchtower-unreachable"]);
  [tower.away, tower.records] = [false, [kept]];
  await home.clock.advance(120_000);
  await chores(false);
  expect([home.stores.hold.held(), home.stores.records.newest(home.pair)?.digest]).toEqual([
    null,
    recordDigest(home.domain, first),
  ]);
});

it("finds on chain how far it had come; the aggregator cannot go back behind that, and its own word then lifts the hold", async () => {
  const home = await homeOnChain();
  const first = await home.cosigned("import", 0);
  const published = await home.cosigned("export", 0);
  const [a, b] = await bothSign(home.domain, published);
  const call = publishCall(published, a, b);
  await home.market.funder.publish(published, a, b);
  lose(home);
  await home.chores(false);
  expect(home.stores.records.newest(home.pair)).toMatchObject({ record: published, ownSignature: householdIsA ? a : b });
  // What is on chain may be old: signing waits for the aggregator's word.
  expect(home.stores.hold.held()).not.toBeNull();
  const cosigned = async (record: typeof first): Promise<CosignedRecord> => {
    const [sigA, sigB] = await bothSign(home.domain, record);
    const [gatewaySignature, aggregatorSignature] = householdIsA ? [sigA, sigB] : [sigB, sigA];
    return { record, evidence: { register: "import", slots: [] }, gatewaySignature, aggregatorSignature };
  };
  // It says what the chain shows to be false.
  const said = await newestSaid(home.domain, first, home.clock.now());
  expect(await home.room.recover([], said).then(() => "taken", errorCode)).toBe("settlement-head-unproven");
  await home.room.recover([await cosigned(first)], said);
  expect([home.stores.hold.held(), home.stores.records.newest(home.pair)?.record.seq, call.what]).toEqual([null, 2, "publish"]);
  expect(await home.sign(home.next("import", 1))).toBe("signed");
});

it("asks for the newest records again where it came back from an old copy and the aggregator goes on from a newer one", async () => {
  const home = await homeOnChain();
  const { tower, door } = memoryTower();
  const chores = home.choresWith({ tower: door });
  await home.cosigned("import", 0);
  const second = await home.cosigned("export", 0);
  await chores(false);
  tower.away = true;
  const third = await home.cosigned("import", 1);
  tower.away = false;
  lose(home);
  await chores(false);
  const fourth = home.next("export", 1);
  expect([home.stores.hold.held(), await home.sign(fourth)]).toEqual([null, "settlement-journal-behind"]);
  const [sigA, sigB] = await bothSign(home.domain, third);
  const [gatewaySignature, aggregatorSignature] = householdIsA ? [sigA, sigB] : [sigB, sigA];
  const evidence = { ...hourOf("import", 1), slots: [] };
  const said = await newestSaid(home.domain, third, home.clock.now());
  await home.room.recover([{ record: third, evidence, gatewaySignature, aggregatorSignature }], said);
  expect([await home.sign(fourth), second.seq]).toEqual(["signed", 2]);
});

it("takes from the watchtower at its start what an old copy of its card lacks", async () => {
  const home = await homeOnChain();
  const { door } = memoryTower();
  const chores = home.choresWith({ tower: door });
  await home.cosigned("import", 0);
  await home.cosigned("import", 1);
  await chores(false);
  home.db.exec("delete from record where seq > 1");
  expect(home.stores.hold.held()).toBeNull();
  await home.choresWith({ tower: door })(false);
  expect(home.stores.records.newest(home.pair)?.record.seq).toBe(2);
  // Under number 2 there can be no other record any more.
  const again = exampleRecord(home.domain, {
    previous: home.stores.records.at(home.pair, 1)?.record ?? null,
    kind: "export",
    evidence: hourOf("export", 0),
  });
  expect([again.seq, await home.sign(again)]).toEqual([2, "settlement-second-body"]);
});
