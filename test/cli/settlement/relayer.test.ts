import { existsSync, writeFileSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { settlementRelayer } from "../../../cli/settlement/relayer.ts";
import { allowance } from "../../../cli/settlement/relayer/allowance.ts";
import { errorCode } from "../../../core/app-error.ts";
import { relayerSender } from "../../../settlement/chain/call-sender.ts";
import { writeKeystore } from "../../../settlement/keys/keystore.ts";
import { recordHead, signRecord } from "../../../settlement/record/record.ts";
import { publishCall, relayedCallOf, settleCall } from "../../../settlement/chain/settlement-calls.ts";
import { settlementInterface } from "../../../settlement/chain/chain-error.ts";
import { watchtower } from "../../../agent/settle/watchtower.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { homeOnChain } from "../../agent/settle/home-on-chain.ts";
import { anvilKeys } from "../../fake/anvil.ts";
import { scratch } from "../../fake/scratch.ts";
import { aggregator, bothSign, household, keyOf, partyA } from "../../settlement/fixture.ts";
import { Wallet } from "ethers";

type Home = Awaited<ReturnType<typeof homeOnChain>>;

/** A relayer as the command starts it, that pays with a key of the development chain. */
async function relayer(home: Home, change: { perDay?: string; perMinute?: string; folder?: string } = {}) {
  const folder = change.folder ?? scratch("relayer");
  const [key, passphraseFile, heads] = [join(folder, "gas.json"), join(folder, "pass"), join(folder, "heads")];
  writeFileSync(passphraseFile, "long enough to be one\n", { mode: 0o600 });
  if (!existsSync(key)) await writeKeystore(key, new Wallet(anvilKeys[2]), "long enough to be one", { scryptN: 1024 });
  const stop = new AbortController();
  const ready = Promise.withResolvers<number>();
  const ended = settlementRelayer(
    {
      listen: "127.0.0.1:0",
      rpc: home.anvil.url,
      chainId: String(home.domain.chainId),
      contract: home.domain.contract,
      key,
      passphraseFile,
      perMinute: change.perMinute ?? "30",
      perDay: change.perDay ?? "1000",
      heads,
    },
    (line) => ready.resolve((JSON.parse(line) as { port: number }).port),
    stop.signal,
  );
  ended.catch(ready.reject);
  const url = `http://127.0.0.1:${await ready.promise}`;
  onTestFinished(async () => {
    stop.abort("test over");
    expect(await ended).toBe(0);
  });
  const post = async (body: unknown): Promise<string> => {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
    const said = (await answer.json()) as { title?: string; hash?: string };
    return answer.status === 200 ? "sent" : `${answer.status} ${said.title}`;
  };
  return { url, post, heads, sender: relayerSender(home.domain, url) };
}

it("sends for a home without coins what both have signed, and pays for it, once for the same call", async () => {
  const home = await homeOnChain({ sender: null });
  const { sender } = await relayer(home);
  await home.cosigned("export", 0);
  await home.clock.advance(3 * 86_400_000);
  await home.choresWith({ sender })(false);
  const [published] = await home.published();
  expect(published?.record.seq).toBe(1);
  const call = publishCall(published?.record ?? expect.fail(), published?.signatureA ?? "", published?.signatureB ?? "");
  expect(await Promise.all([sender.send(call), sender.send(call)])).toEqual([published?.tx, published?.tx]);
  expect((await home.published()).length).toBe(1);
});

it("takes four calls of one contract on one chain, and nothing that would fail", async () => {
  const home = await homeOnChain({ sender: null });
  const { post, sender } = await relayer(home);
  const record = await home.cosigned("export", 0);
  const [a, b] = await bothSign(home.domain, record);
  const good = { chainId: home.domain.chainId, to: home.domain.contract, data: publishCall(record, a, b).data };
  const encode = (name: string, args: unknown[]): string => settlementInterface.encodeFunctionData(name, args);
  const other = encode("collect", [record.a, record.b]);
  const transfer = encode("deposit", [record.a, record.b, true, 1n]);
  const forged = publishCall(record, await signRecord(keyOf("thief"), home.domain, record), "0x").data;
  expect(
    await Promise.all([
      post({ ...good, chainId: 1 }),
      post({ ...good, to: `0x${"1".repeat(40)}` }),
      post({ ...good, data: other }),
      post({ ...good, data: transfer }),
      post({ ...good, data: good.data.slice(0, 10) }),
      post({ ...good, data: "0x" }),
      post({ ...good, more: 1 }),
      post(null),
      post({ ...good, data: forged }),
      post({ ...good, data: `0x${"ab".repeat(20_000)}` }),
    ]),
  ).toEqual([
    "403 relayer-elsewhere",
    "403 relayer-elsewhere",
    "403 relayer-other-call",
    "403 relayer-other-call",
    "403 relayer-other-call",
    "400 relayer-bad-request",
    "400 relayer-bad-request",
    "400 relayer-bad-request",
    "422 settlement-wrong-signer",
    "400 relayer-bad-request",
  ]);
  expect(await post({ ...good, data: `0x${"ab".repeat(40_000)}` })).toBe("413 relayer-too-large");
  const refused = await sender.send({ what: "publish", data: forged }).then(() => "sent", errorCode);
  expect(refused).toBe("relayer-refused");
  expect(await sender.send(settleCall("settle", record, { a, b })).then(() => "sent")).toBe("sent");
  expect((await home.pairOnChain()).seq).toBe(1);
  expect(relayedCallOf(encode("settleMany", [[{ head: recordHead(record), sigA: a, sigB: b }]]))).toBeUndefined();
});

it("keeps to its limits", async () => {
  const home = await homeOnChain({ sender: null });
  const { post } = await relayer(home, { perDay: "1", perMinute: "3" });
  const [one, two] = [await home.cosigned("export", 0), await home.cosigned("export", 1)];
  const callOf = async (record: typeof one) => {
    const [a, b] = await bothSign(home.domain, record);
    return { chainId: home.domain.chainId, to: home.domain.contract, data: publishCall(record, a, b).data };
  };
  expect(await post(await callOf(one))).toBe("sent");
  expect(await post(await callOf(two))).toBe("429 relayer-limit");
  expect((await home.published()).length).toBe(1);

  const clock = fakeClock(0);
  const file = join(scratch("allowance"), "spent");
  const limits = allowance({ perMinute: 2, perDay: 3 }, { clock, file });
  expect(["x", "x", "x", "y"].map((caller) => limits.refusal(caller) === undefined)).toEqual([true, true, false, true]);
  await clock.advance(60_000);
  expect(limits.refusal("x")).toBeUndefined();
  for (let count = 0; count < 3; count++) limits.spend();
  await clock.advance(60_000);
  expect(limits.refusal("x")).toContain("tomorrow");
  // A restart, even with a clock that is put back, gives no new budget.
  for (const at of [clock, fakeClock(-86_400_000)])
    expect(allowance({ perMinute: 2, perDay: 3 }, { clock: at, file }).refusal("x")).toContain("tomorrow");
  await clock.advance(86_400_000);
  expect(limits.refusal("x")).toBeUndefined();
  expect(allowance({ perMinute: 2, perDay: 3 }, { clock, file }).refusal("x")).toBeUndefined();
  writeFileSync(file, "{}");
  expect(() => allowance({ perMinute: 2, perDay: 3 }, { clock, file })).toThrow(/day/);
});

it("counts what it has sent today over a restart", async () => {
  const home = await homeOnChain({ sender: null });
  const records = [await home.cosigned("export", 0), await home.cosigned("export", 1)];
  const calls = await Promise.all(records.map(async (record) => publishCall(record, ...(await bothSign(home.domain, record)))));
  const folder = scratch("relayer");
  const { sender } = await relayer(home, { perDay: "1", folder });
  await sender.send(calls[0] ?? expect.fail());
  const again = await relayer(home, { perDay: "1", folder });
  expect(await again.sender.send(calls[1] ?? expect.fail()).then(() => "sent", errorCode)).toBe("relayer-refused");
});

it("says what went wrong where it is away or is no relayer", async () => {
  const home = await homeOnChain({ sender: null });
  const record = await home.cosigned("export", 0);
  const call = publishCall(record, ...(await bothSign(home.domain, record)));
  const codeAt = (url: string) =>
    relayerSender(home.domain, url)
      .send(call)
      .then(() => "sent", errorCode);
  expect(await codeAt("http://127.0.0.1:9/")).toBe("relayer-unreachable");
  expect(await codeAt(home.anvil.url)).toMatch(/^relayer-(refused|malformed)$/);
});

it("is a watchtower: keeps what both have signed, never goes back, and shows it only to the two", async () => {
  const home = await homeOnChain({ sender: null });
  const { url, heads } = await relayer(home);
  const clock = { now: () => Date.now() };
  const towerOf = (signer = household.signer) => watchtower(url, { agreement: home.agreement, signer, clock });
  const tower = towerOf();
  const [one, two] = [await home.cosigned("export", 0), await home.cosigned("import", 0)];
  const cosigned = async (record: typeof one, change: { gatewaySignature?: string } = {}) => ({
    record,
    evidence: { register: record.kind === "export" ? ("export" as const) : ("import" as const), slots: [] },
    gatewaySignature: await signRecord(household.signer, home.domain, record),
    aggregatorSignature: await signRecord(aggregator.signer, home.domain, record),
    ...change,
  });
  expect(await tower.ask()).toEqual([]);
  await tower.keep([await cosigned(one), await cosigned(two)]);
  const three = await home.cosigned("export", 1);
  await tower.keep([await cosigned(three)]);
  await tower.keep([await cosigned(one)]);
  expect((await tower.ask()).map(({ record }) => record.seq)).toEqual([3, 2]);
  expect((await towerOf(aggregator.signer).ask()).length).toBe(2);
  const [file = ""] = readdirSync(heads);
  expect(readFileSync(join(heads, file), "utf8")).not.toContain('wh":1999');

  const forged = await cosigned(three, { gatewaySignature: await signRecord(aggregator.signer, home.domain, three) });
  const attempts = [
    () => tower.keep([forged]),
    () =>
      tower.keep([
        { ...forged, record: { ...three, a: partyA.cold.address.toLowerCase().replace("0x", "0x").slice(0, 41) + "0" } },
      ]),
    () => towerOf(keyOf("stranger")).ask(),
    () =>
      watchtower(url, { agreement: home.agreement, signer: household.signer, clock: { now: () => Date.now() - 600_000 } }).ask(),
    () => watchtower("http://127.0.0.1:9", { agreement: home.agreement, signer: household.signer, clock }).ask(),
  ];
  const refusals = [];
  for (const attempt of attempts) refusals.push(await attempt().then(() => "done", errorCode));
  expect(refusals).toEqual([
    "watchtower-refused",
    "watchtower-refused",
    "watchtower-refused",
    "watchtower-refused",
    "watchtower-unreachable",
  ]);
});
