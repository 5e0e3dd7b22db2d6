/** What one check found, and what to do about it. */
export interface Finding {
  /** What was looked at, such as "clock" or "tls client certificate". */
  check: string;
  /** unknown: it could not be looked at. */
  verdict: "good" | "warning" | "bad" | "unknown";
  /** What was seen. */
  seen: string;
  /** What to do; absent where nothing is. */
  fix?: string;
}

/** A check that throws has not seen anything; that is told, and the others go on. */
export async function looked(check: string, look: () => Promise<Finding[]> | Finding[]): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [{ check, verdict: "unknown", seen: error instanceof Error ? error.message : String(error) }];
  }
}
