import type { Overload } from "./congestion.ts";
import type { PowerBounds } from "../../core/message/uftp.ts";
import type { Order } from "./session.ts";
import type { OrderSettlement } from "../../settlement/record/flex-order.ts";

/** What a session has to say; each is for one seat, but the notes of overloads, which are for the operator. */
export type Output =
  | { is: "congestion" | "shortfall"; overloads: readonly Overload[] }
  /** Round: each appliance or home is pulled away from its last answer by the shift, Wh a slot. */
  | {
      is: "request";
      seat: number;
      request: number;
      round: number;
      shiftWh: Float64Array;
      /** Money per Wh². */
      penalty: number;
      /** Money per Wh: advice. */
      price: Float64Array;
      untilMs: number;
    }
  /** Repair: a schedule that can be carried out, within what is left. Infinity: nothing limits it. */
  | {
      is: "repair";
      seat: number;
      request: number;
      mostW: readonly number[];
      leastW: readonly number[];
      /** Money per Wh: what the rounds ended with, and what is to be reckoned on top, to leave room to others. */
      guide: Float64Array;
      paid: Float64Array;
      untilMs: number;
    }
  /** With how far the seat may leave it in slots that nothing was asked for. */
  | { is: "order"; seat: number; order: Order; leeway: PowerBounds }
  | { is: "unordered"; seat: number; offer: string; code: string; message: string }
  | { is: "settlement"; seat: number; settlement: OrderSettlement }
  | { is: "refused"; seat: number; what: string; code: string; message: string };

/** A session and what it has to say. */
export interface Stepped<State> {
  session: State;
  out: Output[];
}

/** A refusal of what came from a seat. */
export const refusedBy = (seat: number, what: string, code: string, message: string): Output => ({
  is: "refused",
  seat,
  what,
  code,
  message,
});
