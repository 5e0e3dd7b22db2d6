/** Message ids that have come, with what came under them. */
export interface SeenMessages {
  /** new: never seen; same: the very same message again; other: another one under the same id. */
  look(sender: string, id: string, digest: string): "new" | "same" | "other";
  /** Remembers a message for as long as its time stamp could be believed. */
  note(sender: string, id: string, digest: string, untilMs: number): void;
  /** Forgets one that was refused: it may come again. */
  drop(sender: string, id: string): void;
  /** Forgets what is too old to be believed again. */
  forget(nowMs: number): void;
}

/** @param known what was kept over a restart */
export function seenMessages(
  known: Iterable<{ sender: string; id: string; digest: string; untilMs: number }> = [],
): SeenMessages {
  const seen = new Map<string, { digest: string; untilMs: number }>();
  const keyOf = (sender: string, id: string): string => `${sender} ${id.toLowerCase()}`;
  for (const { sender, id, digest, untilMs } of known) seen.set(keyOf(sender, id), { digest, untilMs });
  return {
    look(sender, id, digest) {
      const before = seen.get(keyOf(sender, id));
      if (!before) return "new";
      return before.digest === digest ? "same" : "other";
    },
    note: (sender, id, digest, untilMs) => void seen.set(keyOf(sender, id), { digest, untilMs }),
    drop: (sender, id) => void seen.delete(keyOf(sender, id)),
    forget(nowMs) {
      for (const [key, { untilMs }] of seen) if (untilMs < nowMs) seen.delete(key);
    },
  };
}
