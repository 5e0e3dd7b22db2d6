/** When a party bound itself to a leaf. */
export interface Binding {
  by: string;
  epoch: number;
  /** Block time, seconds since 1970. */
  timeS: number;
}

/** Which epochs hold a leaf: a record's digest or the hash of a price series. */
export interface LeafTimes {
  add(leaf: string, binding: Binding): void;
  /** The earliest binding of the leaf by one of these parties. */
  first(leaf: string, parties: readonly string[]): Binding | undefined;
}

export function leafTimes(): LeafTimes {
  // Nearly all leaves are in one epoch only, which needs no list.
  const bindings = new Map<string, Binding | Binding[]>();
  return {
    add(leaf, binding) {
      const known = bindings.get(leaf);
      if (known === undefined) bindings.set(leaf, binding);
      else if (Array.isArray(known)) known.push(binding);
      else bindings.set(leaf, [known, binding]);
    },
    first(leaf, parties) {
      const known = bindings.get(leaf) ?? [];
      const all = Array.isArray(known) ? known : [known];
      const theirs = all.filter(({ by }) => parties.includes(by));
      return theirs.toSorted((one, other) => one.timeS - other.timeS)[0];
    },
  };
}
