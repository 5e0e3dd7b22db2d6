import fc from "fast-check";
import { errorMessage } from "../../../core/app-error.ts";
import { playStory } from "./play-story.ts";
import { story } from "./random-story.ts";

/** What a run over random traces found. */
export interface TracesChecked {
  traces: number;
  events: number;
  /** Settings that were changed. */
  changes: number;
  /** How often each reason was given, without its figures. */
  reasons: Map<string, number>;
  /** The rule that was broken and the smallest trace found that breaks it; null when none was. */
  fault: string | null;
}

/** Plays so many random stories against the models; the first that breaks a rule is made small and ends the run. */
export function checkTraces(options: { count: number; seed: number }): TracesChecked {
  const result: TracesChecked = { traces: 0, events: 0, changes: 0, reasons: new Map(), fault: null };
  const checked = fc.check(
    fc.property(story, (one) => {
      const { events, lines } = playStory(one);
      result.traces++;
      result.events += events.length;
      const stood = new Map<string, string>();
      for (const { commands, reasons } of lines) {
        for (const { resource, mode, powerW } of commands) {
          const now = `${mode} ${powerW}`;
          if ((stood.get(resource) ?? now) !== now) result.changes++;
          stood.set(resource, now);
        }
        for (const reason of reasons) {
          const [said = ""] = reason.replace(/^r\d: /, "").split(/ until|: (?!failsafe|limited|unlimited)/);
          result.reasons.set(said, (result.reasons.get(said) ?? 0) + 1);
        }
      }
    }),
    { numRuns: options.count, seed: options.seed },
  );
  if (!checked.failed) return result;
  const why = checked.errorInstance instanceof Error ? errorMessage(checked.errorInstance) : "interrupted";
  result.fault = `${why}\n${JSON.stringify(checked.counterexample)}\nseed ${checked.seed}, path ${checked.counterexamplePath}`;
  return result;
}
