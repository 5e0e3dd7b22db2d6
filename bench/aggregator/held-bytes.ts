/** What this thread holds, its arrays included, without what a collection of garbage frees; bytes. Needs --expose-gc. */
export function heldBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
