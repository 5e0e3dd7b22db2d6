import { z } from "zod";
import { Currency, Hash, Instant, Signature } from "./fields.ts";
import { Evidence, RecordWire } from "./settlement-message.ts";

/*
 * Messages between a grid operator (DSO) and aggregators (AGR): the elements of UFTP as JSON, with UFTP's names; what the rounds
 * need on top is in elements of its own. Power is whole W, taken from the grid positive. ISPs are counted from 1 at the local
 * midnight of the period, as UFTP does. Money is micro-units as text, here as everywhere.
 * Source: shapeshifter-specification (UFTP 3).
 */

/** A fully qualified domain name: how a participant is known. */
export const Domain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, "a domain name in lower case, such as agr.example");
/** UFTP congestion point: an entity address. */
const CongestionPoint = z.string().min(1).max(80);
const MessageId = z.uuid();
/** The longest local day has 25 hours; ISPs are of 5 minutes or more. */
const mostIsps = 300;
const IspNumber = z.int().min(1).max(mostIsps);
const Power = z.int().min(-1e9).max(1e9);
const Text = z.string().max(500);
/** Micro-units; negative where a penalty is larger. */
const Money = z.string().regex(/^-?(0|[1-9]\d{0,17})$/, "whole micro-units as text");
const Price = z.string().regex(/^(0|[1-9]\d{0,17})$/, "whole micro-units from 0, as text");
const Isp = { Start: IspNumber, Duration: z.int().min(1).max(mostIsps).default(1) };
const PowerIsp = z.object({ ...Isp, Power });
const PowerIsps = z.array(PowerIsp).min(1).max(mostIsps);

const Head = {
  Version: z.literal("3.0.0"),
  SenderDomain: Domain,
  RecipientDomain: Domain,
  TimeStamp: Instant,
  MessageID: MessageId,
  ConversationID: MessageId,
};
/** What a message about one congestion point on one local day has. */
const Place = {
  ISPDuration: z.enum(["PT5M", "PT10M", "PT15M", "PT30M", "PT60M"]),
  TimeZone: z.string().max(64),
  Period: z.iso.date(),
  CongestionPoint,
};
const Answer = { Result: z.enum(["Accepted", "Rejected"]), RejectionReason: Text.optional() };

export const DPrognosis = z.object({
  Message: z.literal("DPrognosis"),
  ...Head,
  ...Place,
  Revision: z.int().min(1).max(1e6),
  ISPs: PowerIsps,
  /** For the rounds: appliances or homes that can move, and what the schedule costs, for the rule to stop. */
  Rounds: z.object({ Parties: z.int().min(0).max(1e7), Cost: Money }).optional(),
});

export const FlexRequest = z.object({
  Message: z.literal("FlexRequest"),
  ...Head,
  ...Place,
  Revision: z.int().min(1).max(1e6),
  ExpirationDateTime: Instant,
  ISPs: z
    .array(z.object({ ...Isp, Disposition: z.enum(["Requested", "Available"]), MinPower: Power, MaxPower: Power }))
    .min(1)
    .max(mostIsps),
  /** A round: how each appliance or home is pulled, Wh and money per Wh²; all lists have one figure an ISP. */
  Round: z
    .object({
      Number: z.int().min(1).max(1000),
      ShiftWh: z.array(z.number()).max(mostIsps),
      Penalty: z.number().nonnegative(),
    })
    .optional(),
  /** A repair: a schedule that can be carried out is asked for, within MinPower and MaxPower; what a Wh counts on top. */
  Repair: z.object({ Paid: z.array(z.number()).max(mostIsps) }).optional(),
  /** What a kWh more costs there for the limits, micro-units: advice. */
  CongestionPrice: z.array(z.int()).max(mostIsps).optional(),
});

export const FlexOffer = z.object({
  Message: z.literal("FlexOffer"),
  ...Head,
  ...Place,
  ExpirationDateTime: Instant,
  FlexRequestMessageID: MessageId,
  DPrognosisMessageID: MessageId,
  Currency,
  OfferOptions: z
    .array(
      z.object({
        OptionReference: z.string().min(1).max(80),
        Price,
        MinActivationFactor: z.number().min(0.01).max(1).default(1),
        ISPs: PowerIsps,
      }),
    )
    .length(1, "one option an offer: rounds look for others"),
  /** False where the schedule cannot be carried out as it is; only rounds take such. */
  Whole: z.boolean().default(true),
});

export const FlexOfferRevocation = z.object({
  Message: z.literal("FlexOfferRevocation"),
  ...Head,
  FlexOfferMessageID: MessageId,
});

export const FlexOrder = z.object({
  Message: z.literal("FlexOrder"),
  ...Head,
  ...Place,
  OrderReference: z.string().min(1).max(80),
  FlexOfferMessageID: MessageId,
  DPrognosisMessageID: MessageId,
  OptionReference: z.string().min(1).max(80),
  Price,
  Currency,
  ActivationFactor: z.number().min(0).max(1),
  ISPs: PowerIsps,
  /** Which of them are settled: 1 where less was asked for than prognosed, -1 where more. The others only change along. */
  Asked: z.array(z.object({ ...Isp, Direction: z.union([z.literal(1), z.literal(-1)]) })).max(mostIsps),
  /** How far the others may be left while the grid's limits stay kept; left out, they are not to be left. */
  Leeway: z
    .array(z.object({ ...Isp, MinPower: Power, MaxPower: Power }))
    .max(mostIsps)
    .optional(),
  /** Taken for a kWh of those that is missing. */
  PenaltyPerKwh: Price,
});

/** The grid operator gives back what it had reserved and will not need. */
export const FlexReservationUpdate = z.object({
  Message: z.literal("FlexReservationUpdate"),
  ...Head,
  ...Place,
  ContractID: z.string().max(80),
  Reference: z.string().max(80),
  ISPs: PowerIsps,
});

export const FlexSettlement = z.object({
  Message: z.literal("FlexSettlement"),
  ...Head,
  PeriodStart: z.iso.date(),
  PeriodEnd: z.iso.date(),
  Currency,
  FlexOrderSettlements: z
    .array(
      z.object({
        OrderReference: z.string().min(1).max(80),
        Period: z.iso.date(),
        CongestionPoint,
        Price,
        Penalty: Price,
        NetSettlement: Money,
        /** Mean power over the ISP, W. */
        ISPs: z
          .array(
            z.object({
              ...Isp,
              BaselinePower: Power,
              OrderedFlexPower: Power,
              ActualPower: Power,
              DeliveredFlexPower: Power,
              PowerDeficiency: Power,
            }),
          )
          .max(mostIsps),
      }),
    )
    .min(1)
    .max(1000),
});

export const FlexSettlementResponse = z.object({
  Message: z.literal("FlexSettlementResponse"),
  ...Head,
  FlexSettlementMessageID: MessageId,
  FlexOrderSettlementStatuses: z
    .array(
      z.object({
        OrderReference: z.string().min(1).max(80),
        Disposition: z.enum(["Accepted", "Disputed"]),
        DisputeReason: Text.optional(),
      }),
    )
    .min(1)
    .max(1000),
});

/** What an agreed settlement becomes: a record that both sign. The grid operator proposes it, */
export const SettlementProposal = z.object({ Message: z.literal("SettlementProposal"), ...Head, Record: RecordWire, Evidence });

/** the aggregator signs it or says why it does not, */
export const SettlementAnswer = z.object({
  Message: z.literal("SettlementAnswer"),
  ...Head,
  Seq: z.int().positive(),
  Digest: Hash,
  Signature: Signature.optional(),
  Objection: z.object({ Code: z.string().max(64), Reason: Text }).optional(),
});

/** and the grid operator signs as well. */
export const SettlementCountersignature = z.object({
  Message: z.literal("SettlementCountersignature"),
  ...Head,
  Seq: z.int().positive(),
  Digest: Hash,
  Signature,
});

const response = <const Name extends string, const Reference extends string>(name: Name, reference: Reference) =>
  z.object({
    Message: z.literal(name),
    ...Head,
    ...Answer,
    ...({ [reference]: MessageId } as Record<Reference, typeof MessageId>),
  });

export const DPrognosisResponse = response("DPrognosisResponse", "DPrognosisMessageID");
export const FlexOfferResponse = response("FlexOfferResponse", "FlexOfferMessageID");
export const FlexOfferRevocationResponse = response("FlexOfferRevocationResponse", "FlexOfferMessageID");
export const FlexOrderResponse = response("FlexOrderResponse", "FlexOrderMessageID");

/** Any message of the protocol. */
export const UftpMessage = z.discriminatedUnion("Message", [
  DPrognosis,
  DPrognosisResponse,
  FlexRequest,
  FlexOffer,
  FlexOfferResponse,
  FlexOfferRevocation,
  FlexOfferRevocationResponse,
  FlexOrder,
  FlexOrderResponse,
  FlexReservationUpdate,
  FlexSettlement,
  FlexSettlementResponse,
  SettlementProposal,
  SettlementAnswer,
  SettlementCountersignature,
]);
export type UftpMessage = z.infer<typeof UftpMessage>;

/** Runs of equal figures, as UFTP writes them: an ISP with its duration. @param figures one an ISP */
export function ispsOf(figures: readonly number[]): z.infer<typeof PowerIsps> {
  const isps: z.infer<typeof PowerIsps> = [];
  for (const [at, power] of figures.entries()) {
    const last = isps.at(-1);
    if (last && last.Power === power) last.Duration += 1;
    else isps.push({ Start: at + 1, Duration: 1, Power: power });
  }
  return isps;
}

/** The slots in which something is asked for, as an order names them. */
export function askedIsps(asked: readonly number[]): z.infer<typeof FlexOrder>["Asked"] {
  return asked.flatMap((direction, at) =>
    direction === 0 ? [] : [{ Start: at + 1, Duration: 1, Direction: direction > 0 ? (1 as const) : (-1 as const) }],
  );
}

/** The same as a figure a slot. */
export function askedSlots(isps: z.infer<typeof FlexOrder>["Asked"], count: number): number[] {
  const asked = Array.from({ length: count }, () => 0);
  for (const { Start, Duration, Direction } of isps)
    for (let isp = Start; isp < Start + Duration && isp <= count; isp += 1) asked[isp - 1] = Direction;
  return asked;
}

/** As a bound it says nothing, W: more than any place of a grid carries. */
export const boundlessW = 1e9;

/** Bounds of a schedule, W a slot. */
export interface PowerBounds {
  mostW: readonly number[];
  leastW: readonly number[];
}

/** Bounds of the slots that nothing is asked for, as an order names them. */
export function leewayIsps(
  asked: readonly number[],
  { mostW, leastW }: PowerBounds,
): NonNullable<z.infer<typeof FlexOrder>["Leeway"]> {
  const isps: NonNullable<z.infer<typeof FlexOrder>["Leeway"]> = [];
  for (const [at, MaxPower] of mostW.entries()) {
    const MinPower = leastW[at] ?? MaxPower;
    const last = isps.at(-1);
    if ((asked[at] ?? 0) !== 0) continue;
    if (last && last.Start + last.Duration === at + 1 && last.MaxPower === MaxPower && last.MinPower === MinPower)
      last.Duration += 1;
    else isps.push({ Start: at + 1, Duration: 1, MinPower, MaxPower });
  }
  return isps;
}

/** The same as figures a slot. Of a slot of which nothing is said no more may be taken than was ordered. */
export function leewaySlots(isps: z.infer<typeof FlexOrder>["Leeway"], powerW: readonly number[]): PowerBounds {
  const [mostW, leastW] = [[...powerW], powerW.map(() => -boundlessW)];
  for (const { Start, Duration, MinPower, MaxPower } of isps ?? [])
    for (let isp = Start; isp < Start + Duration && isp <= powerW.length; isp += 1) {
      mostW[isp - 1] = Math.max(MaxPower, powerW[isp - 1] ?? MaxPower);
      leastW[isp - 1] = Math.min(MinPower, powerW[isp - 1] ?? MinPower);
    }
  return { mostW, leastW };
}

/**
 * One figure an ISP, or undefined where ISPs overlap, leave one out or go beyond the period.
 * @param isps in any order
 */
export function powerOf(
  isps: readonly { Start: number; Duration: number; Power: number }[],
  count: number,
): number[] | undefined {
  const figures: (number | undefined)[] = Array.from({ length: count });
  for (const { Start, Duration, Power: power } of isps)
    for (let isp = Start - 1; isp < Start - 1 + Duration; isp += 1) {
      if (isp >= count || figures[isp] !== undefined) return undefined;
      figures[isp] = power;
    }
  return figures.every((power) => power !== undefined) ? figures : undefined;
}
