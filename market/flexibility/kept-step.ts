import type { UftpMessage } from "../../core/message/uftp.ts";
import { openSession, type Session, type Terms } from "./session.ts";
import { sessionStep, type SessionEvent } from "./session-step.ts";

/** One step as it is kept: what came, with its message, and what was said. */
export interface KeptStep {
  event: SessionEvent;
  source: UftpMessage | null;
  sent: readonly UftpMessage[];
}

/** Steps of a session, kept before anything of them is sent. */
export interface StepStore {
  steps(): Promise<KeptStep[]>;
  /** @param begins whether it is the step from which on the session goes by its terms, whatever the configuration will be */
  add(step: KeptStep, begins: boolean): Promise<void>;
}

/** At which seat of these terms a participant stands at a point; -1: at none. */
export const seatOf = ({ seats }: Terms, participant: string, point: string): number =>
  seats.findIndex((seat) => seat.participant === participant && seat.point === point);

/**
 * The session that kept steps make, step by step. Until their gate the configuration may change: prognoses are of the seat that has
 * their names now, and of none where it is gone.
 */
export function* replaySteps(terms: Terms, kept: readonly KeptStep[]): Generator<{ session: Session; step: KeptStep }, void> {
  let session = openSession(terms);
  for (const one of kept) {
    const step = reseated(terms, one);
    if (!step) continue;
    ({ session } = sessionStep(session, step.event));
    yield { session, step };
  }
}

/** The same in the end. */
export function replayed(terms: Terms, kept: readonly KeptStep[]): Session {
  let session = openSession(terms);
  for (const after of replaySteps(terms, kept)) ({ session } = after);
  return session;
}

function reseated(terms: Terms, step: KeptStep): KeptStep | undefined {
  const { event, source } = step;
  if (event.is !== "prognosis" || source?.Message !== "DPrognosis") return step;
  const seat = seatOf(terms, source.SenderDomain, source.CongestionPoint);
  return seat < 0 ? undefined : { ...step, event: { ...event, seat } };
}
