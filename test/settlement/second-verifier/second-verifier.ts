import { keccak256 } from "./keccak.ts";
import { recover } from "./recover.ts";

/*
 * A verifier of bundles written from docs/reference/settlement.md and the contract's ABI alone: no library, no line of the
 * first one. It takes JSON whose form the first one has found good, and gives the names of the checks that are bad.
 */

/** The JSON of a bundle, read without a schema. */
type Json = any; // oxlint-disable-line typescript/no-explicit-any -- a stranger reads JSON as it is
/* oxlint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-member-access, typescript/no-unsafe-return, typescript/no-unsafe-call -- the same */

const kinds = ["import", "export", "reward", "trade", "fee", "correction"];
const zero = `0x${"0".repeat(64)}`;
const bodyType =
  "Body(bytes32 salt,uint8 kind,address payer,uint64 time,int64 wh,uint128 amount,bytes32 prices,bytes32 agreement,bytes32 ref,bytes32 prev)";
const recordType = `Record(address a,address b,uint64 seq,uint64 start,uint64 end,uint128 cumA,uint128 cumB,Body body)${bodyType}`;
const domainType = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

const seconds = (instant: string): number => Date.parse(instant) / 1000;
const text = (of: string): string => keccak256(Buffer.from(of, "utf8"));
/** One 32-byte word: hex is right-aligned, numbers are two's complement. */
const word = (value: string | number | bigint): string =>
  typeof value === "string" && value.startsWith("0x")
    ? value.slice(2).padStart(64, "0")
    : BigInt.asUintN(256, BigInt(value)).toString(16).padStart(64, "0");
const struct = (...words: (string | number | bigint)[]): string => keccak256(Buffer.from(words.map(word).join(""), "hex"));

function typed({ chainId, contract }: Json, hash: string): string {
  const domain = struct(text(domainType), text("Smart-MLA Settlement"), text("1"), chainId, contract);
  return keccak256(Buffer.from(`1901${word(domain)}${word(hash)}`, "hex"));
}

function digestOf(bundle: Json, r: Json): string {
  const numbers = [kinds.indexOf(r.kind), r.payer, seconds(r.time), r.wh, r.amount];
  const body = struct(text(bodyType), r.salt, ...numbers, r.prices, r.agreement, r.ref, r.prev);
  const head = [r.a, r.b, r.seq, seconds(r.start), seconds(r.end), r.cumA, r.cumB];
  return typed(bundle, struct(text(recordType), ...head, body));
}

/** RFC 8785 of what bundles hold: strings, integers, booleans, null, arrays, objects. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}
const hashOf = (value: Json): string => text(canonical(value));

function leadsTo(root: string, leaf: string, proof: string[]): boolean {
  const leafHash = keccak256(Buffer.from(keccak256(Buffer.from(leaf.slice(2), "hex")).slice(2), "hex"));
  return proof.reduce((hash, sibling) => (hash < sibling ? struct(hash, sibling) : struct(sibling, hash)), leafHash) === root;
}

/** Nearest whole number to a fraction; of two that are as near the even one. */
function nearest(top: bigint, bottom: bigint): bigint {
  const [whole, rest] = [(top < 0n ? -top : top) / bottom, ((top < 0n ? -top : top) % bottom) * 2n];
  const size = whole + (rest > bottom || (rest === bottom && whole % 2n === 1n) ? 1n : 0n);
  return top < 0n ? -size : size;
}

/** The reward for flexibility; undefined where its events break a rule. */
function flexibilityDue(
  { fundedPpm, events }: Json,
  { share, paidAs }: Json,
  [start, end, from]: [number, number, number],
): bigint | undefined {
  const seen: [meter: string, from: number, to: number][] = [];
  let [worth, cost, used] = [0n, 0n, 0n];
  for (const { meter, slots } of events) {
    const first = seconds(slots[0].start);
    let last = first;
    for (const slot of slots) {
      if (seconds(slot.start) !== last || seconds(slot.end) <= last || slot.baselineWh < 0 || slot.meteredWh < 0)
        return undefined;
      last = seconds(slot.end);
      worth += BigInt(slot.baselineWh - slot.meteredWh) * BigInt(slot.perKwh);
      cost += BigInt(slot.meteredWh) * BigInt(slot.perKwh);
      used += BigInt(slot.meteredWh);
    }
    if (last <= start || last > end || first < start - 86_400 || first < from) return undefined;
    if (seen.some(([other, one, two]) => other === meter && one < last && first < two)) return undefined;
    seen.push([meter, first, last]);
  }
  const earned = nearest(worth, 1000n);
  if (earned <= 0n) return 0n;
  const money = nearest(earned * BigInt(share) * BigInt(fundedPpm), 10n ** 9n);
  if (paidAs === "money") return money;
  if (paidAs === "better_price") return used === 0n ? 0n : (((money * 1000n) / used) * used) / 1000n;
  const most = nearest(cost, 1000n);
  return most < 0n ? 0n : money < most ? money : most;
}

const orderType =
  "Order(address exchange,address participant,string orderId,uint32 revision,string side,uint64 start,uint64 end,uint64 wh,int128 limit,string zone,uint64 validUntil)";

function orderDigest(bundle: Json, o: Json): string {
  const slot = [seconds(o.start), seconds(o.end)];
  const named = [o.exchange, o.participant, text(o.orderId), o.revision, text(o.side), ...slot];
  return typed(bundle, struct(text(orderType), ...named, o.wh, o.limit, text(o.zone), seconds(o.validUntil)));
}

/** What a trade comes to for the side whose order came along; undefined where it is not within that order. */
function tradeDue(bundle: Json, household: string): Json {
  const { record, prices, evidence, agreement } = bundle;
  const { trade: t, own } = evidence.trade ?? {};
  const exchange = agreement.agreement.aggregator;
  if (!t || prices || evidence.register !== "none" || evidence.slots.length > 0) return undefined;
  if (evidence.flexibility !== undefined || evidence.deviation !== undefined || evidence.traded) return undefined;
  const o = own.order;
  const buys = o.side === "buy";
  const slot = [record.start, record.end].map(seconds);
  const forSlot = [t, o].every(({ start, end }: Json) => seconds(start) === slot[0] && seconds(end) === slot[1]);
  const [mine, others, zone] = buys ? [t.buyOrder, t.sellOrder, t.buyZone] : [t.sellOrder, t.buyOrder, t.sellZone];
  const { chainId, settlementContract } = agreement.agreement;
  const hash = orderDigest({ chainId, contract: settlementContract }, o);
  if (!forSlot || t.exchange !== exchange || o.exchange !== exchange || o.participant !== household) return undefined;
  if (mine !== hash || others === hash || o.zone !== zone || t.wh > o.wh) return undefined;
  const [price, fee, limit] = [BigInt(t.price), BigInt(t.fee), BigInt(o.limit)];
  if (fee < 0n || (buys ? price + fee > limit : price < limit)) return undefined;
  if (Date.parse(t.clearedAt) > Date.parse(o.validUntil) || Date.parse(t.clearedAt) >= Date.parse(t.start)) return undefined;
  const owes = nearest(BigInt(t.wh) * (buys ? price + fee : -price), 1000n);
  return { wh: t.wh, amount: owes < 0n ? -owes : owes, payer: owes < 0n ? exchange : household };
}

/** What is owed for energy that was traded and not done; undefined where a rule is broken. */
function deviationDue({ record, prices, evidence, agreement: { agreement } }: Json, household: string): Json {
  const { side, start, end, trades, tradedWh, doneWh } = evidence.deviation;
  if (evidence.register !== "none" || evidence.slots.length > 0 || evidence.flexibility || evidence.trade || evidence.traded)
    return undefined;
  if (seconds(start) !== seconds(record.start) || seconds(end) !== seconds(record.end) || doneWh >= tradedWh) return undefined;
  if (trades.some((hash: string, at: number) => at > 0 && trades[at - 1] >= hash)) return undefined;
  if (!prices || prices.currency !== agreement.currency) return undefined;
  const list = side === "sell" ? prices.importPerKwh : prices.exportPerKwh;
  const price = list[Math.floor((seconds(start) - seconds(prices.start)) / prices.stepS)];
  if (price === undefined) return undefined;
  const owes = nearest(BigInt(tradedWh - doneWh) * BigInt(price) * (side === "sell" ? 1n : -1n), 1000n);
  // At a price of nothing the side that would pay at one above nothing stands as payer.
  const householdPays = owes > 0n || (owes === 0n && side === "sell");
  return { wh: doneWh - tradedWh, amount: owes < 0n ? -owes : owes, payer: householdPays ? household : agreement.aggregator };
}

/** Energy, amount and payer by evidence, prices and agreement; undefined where a rule is broken, null where there is none. */
function dueOf(bundle: Json): Json {
  const {
    record,
    evidence,
    prices,
    agreement: { agreement },
  } = bundle;
  const household = agreement.a === agreement.aggregator ? agreement.b : agreement.a;
  if (record.kind === "trade") return evidence.trade ? tradeDue(bundle, household) : null;
  if (record.kind === "correction") return evidence.deviation ? deviationDue(bundle, household) : null;
  if (evidence.trade || evidence.deviation) return record.kind === "fee" ? null : undefined;
  const [start, end] = [seconds(record.start), seconds(record.end)];
  if (record.kind === "reward") {
    const clock = new Intl.DateTimeFormat("en-GB", { timeZone: agreement.timezone, timeStyle: "short" });
    const sameTime = clock.format(start * 1000) === clock.format(end * 1000) && start % 60 === 0;
    if (!sameTime || ![23, 24, 25].includes((end - start) / 3600)) return undefined;
    if (evidence.register !== "none" || evidence.slots.length > 0 || evidence.traded) return undefined;
    const { reward } = agreement;
    if ((reward.kind === "flexibility") !== (evidence.flexibility !== undefined)) return undefined;
    if (reward.kind === "per_day") return { wh: 0, amount: BigInt(reward.amount), payer: agreement.aggregator };
    const amount = flexibilityDue(evidence.flexibility, reward, [start, end, seconds(agreement.from)]);
    return amount === undefined ? undefined : { wh: 0, amount, payer: agreement.aggregator };
  }
  if (record.kind !== "import" && record.kind !== "export") return null;
  if (!prices || prices.currency !== agreement.currency || end - start > agreement.periodS) return undefined;
  if (evidence.register !== record.kind || evidence.flexibility !== undefined) return undefined;
  let before = -1;
  for (const part of evidence.traded ?? []) {
    if (!evidence.slots.some((slot: Json) => slot.start === part.start && slot.end === part.end)) return undefined;
    if (seconds(part.start) <= before) return undefined;
    before = seconds(part.start);
  }
  const list = record.kind === "import" ? prices.importPerKwh : prices.exportPerKwh;
  const step = (at: number): number => Math.floor((at - seconds(prices.start)) / prices.stepS);
  let [wh, sum, last] = [0, 0n, start];
  for (const slot of evidence.slots) {
    const [from, to] = [seconds(slot.start), seconds(slot.end)];
    const [first, final] = [step(from), step(to - 0.001)];
    const price = list[first];
    if (from < last || to <= from || to > end || slot.wh < 0 || price === undefined) return undefined;
    for (let at = first; at <= final; at++) if (list[at] === undefined || BigInt(list[at]) !== BigInt(price)) return undefined;
    [wh, sum, last] = [wh + slot.wh, sum + BigInt(slot.wh) * BigInt(price), to];
  }
  const [whole, rest] = [(sum < 0n ? -sum : sum) / 1000n, (sum < 0n ? -sum : sum) % 1000n];
  const amount = whole + (rest > 500n || (rest === 500n && whole % 2n === 1n) ? 1n : 0n);
  const householdPays = (record.kind === "import") === sum >= 0n;
  return { wh, amount, payer: householdPays ? household : agreement.aggregator };
}

const statedFor = ({ order }: Json, { a, b, signerA, signerB }: Json): string | undefined =>
  order.participant === a ? signerA : order.participant === b ? signerB : undefined;

/** Names of the checks that are bad without asking the chain. */
export function badOffline(bundle: Json): string[] {
  const { record: r, previous, inclusion, pricesInclusion, prices, agreement: signed, evidence } = bundle;
  const digest = digestOf(bundle, r);
  const bad: string[] = [];
  const check = (name: string, good: boolean): void => void (good || bad.push(name));
  check("record-hash", digest === bundle.digest);
  const { register, slots, flexibility, traded, trade, deviation } = evidence;
  const more = { ...(flexibility && { flexibility }), ...(traded && { traded }), ...(deviation && { deviation }) };
  const hashed = { register, slots, ...more };
  check("evidence", hashOf(trade ? trade.trade : hashed) === r.ref);
  const { agreement } = signed;
  const terms = typed(bundle, struct(text("AgreementTerms(bytes32 terms)"), hashOf(agreement)));
  const where = agreement.chainId === bundle.chainId && agreement.settlementContract === bundle.contract;
  const byBoth =
    recover(terms, signed.signatureA) === agreement.signerA && recover(terms, signed.signatureB) === agreement.signerB;
  const dates = seconds(agreement.from) <= seconds(r.start) && seconds(r.end) <= seconds(agreement.until);
  const theirs = agreement.a === r.a && agreement.b === r.b && hashOf(agreement) === r.agreement;
  check("agreement", where && byBoth && dates && theirs);
  const signers = [bundle.signatureA, bundle.signatureB].map((signature) => recover(digest, signature));
  const byOwner =
    !trade || recover(orderDigest(bundle, trade.own.order), trade.own.signature) === statedFor(trade.own, agreement);
  check("signatures", signers[0] === agreement.signerA && signers[1] === agreement.signerB && byOwner);
  if (previous || r.seq === 1) {
    const grown = (side: "cumA" | "cumB"): bigint => BigInt(r[side]) - BigInt(previous?.[side] ?? 0);
    const totals =
      grown("cumA") === (r.payer === r.a ? BigInt(r.amount) : 0n) && grown("cumB") === (r.payer === r.b ? BigInt(r.amount) : 0n);
    const samePair = !previous || (previous.a === r.a && previous.b === r.b);
    const follows = r.seq === (previous?.seq ?? 0) + 1 && r.prev === (previous ? digestOf(bundle, previous) : zero);
    check("chain-of-records", totals && samePair && follows);
  }
  check("prices", r.prices === (prices ? hashOf(prices) : zero));
  const ofParty = (one: Json): boolean => one.by === r.a || one.by === r.b;
  if (prices && pricesInclusion)
    check("prices-committed", ofParty(pricesInclusion) && leadsTo(pricesInclusion.root, hashOf(prices), pricesInclusion.proof));
  const due = dueOf(bundle);
  check(
    "amount",
    due === null || (due !== undefined && due.wh === r.wh && due.amount === BigInt(r.amount) && due.payer === r.payer),
  );
  if (inclusion) {
    check("inclusion", leadsTo(inclusion.root, bundle.digest, inclusion.proof));
    check("root-on-chain", ofParty(inclusion));
  }
  return bad;
}

/** The same, and what the chain says through `eth_call` at a node. */
export async function badOnChain(bundle: Json, rpc: string): Promise<string[]> {
  const call = async (signature: string, ...args: (string | number)[]): Promise<bigint[]> => {
    const data = text(signature).slice(0, 10) + args.map(word).join("");
    const body = { jsonrpc: "2.0", id: 1, method: "eth_call", params: [{ to: bundle.contract, data }, "latest"] };
    const headers = { "content-type": "application/json" };
    const answer: Json = await (await fetch(rpc, { method: "POST", headers, body: JSON.stringify(body) })).json();
    return [...String(answer.result).slice(2).matchAll(/.{64}/g)].map(([found]) => BigInt(`0x${found}`));
  };
  const { record: r, inclusion, pricesInclusion } = bundle;
  const bad = badOffline(bundle).filter((name) => name !== "signatures");
  const digest = digestOf(bundle, r);
  const { trade, own } = bundle.evidence.trade ?? {};
  const cleared = trade && [Math.floor(Date.parse(trade.clearedAt) / 1000), Math.ceil(Date.parse(trade.clearedAt) / 1000)];
  const period = [seconds(r.start), seconds(r.end)];
  for (const [owner, signed, signature, [from, to]] of [
    [r.a, digest, bundle.signatureA, period],
    [r.b, digest, bundle.signatureB, period],
    ...(own ? [[own.order.participant, orderDigest(bundle, own.order), own.signature, cleared]] : []),
  ]) {
    const signer = recover(signed, signature) ?? zero.slice(0, 42);
    const [since = 0n, until = 0n] = await call("partyOf(address)", owner);
    const [keyOwner = 0n, , keyUntil = 0n] = await call("keyOf(address)", signer);
    const registered = since > 0n && since <= from && to <= until;
    const counts = signer === owner || (keyOwner === BigInt(owner) && to <= keyUntil);
    if (!registered || !counts) bad.push("signatures");
  }
  const committed = async (one: Json): Promise<bigint | undefined> => {
    const [root, count, time] = await call("commitmentOf(address,uint64)", one.by, one.epoch);
    return root === BigInt(one.root) && count === BigInt(one.count) ? time : undefined;
  };
  if (inclusion && (await committed(inclusion)) === undefined) bad.push("root-on-chain");
  if (bundle.prices && pricesInclusion) {
    const time = await committed(pricesInclusion);
    if (time === undefined || time > seconds(r.start)) bad.push("prices-committed");
  }
  // balanceA, balanceB, withdrawals, cumA, cumB, open, seq, usedA, usedB, head
  const [, , , cumA = 0n, cumB = 0n, , seq = 0n, , , head = 0n] = await call("pairOf(address,address)", r.a, r.b);
  const other = seq === BigInt(r.seq) && head !== BigInt(bundle.digest);
  if (seq >= r.seq && (other || cumA < BigInt(r.cumA) || cumB < BigInt(r.cumB))) bad.push("settled");
  return bad;
}
