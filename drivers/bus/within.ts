/** Thrown by within() when the time is over. */
export const timedOut = new Error("timed out");

/**
 * The work's result.
 * @param ms wall time
 * @throws `timedOut` when that is over, or the signal's reason; the work itself goes on
 */
export async function within<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const end = Promise.withResolvers<never>();
  const stop = (): void => end.reject(signal.reason);
  const timer = setTimeout(() => end.reject(timedOut), ms);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, end.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
