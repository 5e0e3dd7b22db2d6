/** How findings name a place. */
export const recordPlace = ({ a, b, seq }: { a: string; b: string; seq: number }): string => `record ${seq} of ${a} and ${b}`;
export const epochPlace = ({ by, epoch }: { by: string; epoch: number }): string => `epoch ${epoch} of ${by}`;
export const pairPlace = ({ a, b }: { a: string; b: string }): string => `pair of ${a} and ${b}`;
