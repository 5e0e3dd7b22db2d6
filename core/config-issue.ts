/** One thing wrong in a configuration: where (keys and indexes from the top) and what was expected. */
export interface ConfigIssue {
  path: readonly (string | number)[];
  message: string;
  /** The key itself is wrong, not what stands behind it. */
  ofKey?: true;
}
