/** Runs a verb and keeps its exit code. */
export type Verb = <Args extends unknown[]>(run: (...args: Args) => Promise<number>) => (...args: Args) => Promise<void>;
