import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Envelope } from "../../core/envelope.ts";
import { mostReason, type Refusal } from "../../core/message/refusal.ts";

/** Where a message came in. */
interface Place {
  rest: string;
  envelope: Envelope;
}

/**
 * Tells the aggregator what of its own signed messages cannot be used here, so that it does not repeat them for ever. What
 * time may cure is not told.
 * @returns the handler with that around it; the error goes on
 */
export function tellingRefusals(
  tell: (refusal: Refusal) => void,
): <P extends Place>(handle: (body: unknown, place: P) => unknown) => (body: unknown, place: P) => Promise<void> {
  return (handle) => async (body, place) => {
    try {
      await handle(body, place);
    } catch (error) {
      const { rest, envelope } = place;
      const message = errorMessage(error).slice(0, mostReason);
      if (!(error instanceof AppError && error.temporary))
        tell({ v: 1, topic: rest, kid: envelope.kid, seq: envelope.seq, code: errorCode(error), message });
      throw error;
    }
  };
}
