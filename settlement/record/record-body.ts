import { iso } from "../../core/clock/clock.ts";
import { recordKinds, RecordWire } from "../../core/message/settlement-message.ts";

/**
 * The body of a record as the contract's `publish` takes it. Whether a record can be written so is what recordHead says; a
 * body that is not the signed one is refused by the contract, which has its hash in the head.
 */
export function recordBody({ salt, kind, payer, time, wh, amount, prices, agreement, ref, prev }: RecordWire) {
  return {
    salt,
    kind: recordKinds.indexOf(kind),
    payer,
    time: Date.parse(time) / 1000,
    wh,
    amount: BigInt(amount),
    prices,
    agreement,
    ref,
    prev,
  };
}

/** The last that can be written as a date. */
const lastSecond = 8_640_000_000_000n;

/** Head and body as the chain gives them: numbers as bigint, addresses in mixed case. */
interface ChainHead {
  a: string;
  b: string;
  seq: bigint;
  start: bigint;
  end: bigint;
  cumA: bigint;
  cumB: bigint;
}
interface ChainBody {
  salt: string;
  kind: bigint;
  payer: string;
  time: bigint;
  wh: bigint;
  amount: bigint;
  prices: string;
  agreement: string;
  ref: string;
  prev: string;
}

/** The record that was published as this head and body; undefined where no record can be written so. */
export function recordOfBody(head: ChainHead, body: ChainBody): RecordWire | undefined {
  const instant = (seconds: bigint): string => (seconds <= lastSecond ? iso(Number(seconds) * 1000) : "");
  return RecordWire.safeParse({
    a: head.a.toLowerCase(),
    b: head.b.toLowerCase(),
    seq: Number(head.seq),
    start: instant(head.start),
    end: instant(head.end),
    cumA: String(head.cumA),
    cumB: String(head.cumB),
    salt: body.salt,
    kind: recordKinds[Number(body.kind)],
    payer: body.payer.toLowerCase(),
    time: instant(body.time),
    wh: Number(body.wh),
    amount: String(body.amount),
    prices: body.prices,
    agreement: body.agreement,
    ref: body.ref,
    prev: body.prev,
  }).data;
}
