/** A map of so many entries at most: the oldest goes for a new one. */
export interface BoundedMap<K, V> {
  set(key: K, value: V): void;
  /** Gives an entry and forgets it. */
  take(key: K): V | undefined;
}

export function boundedMap<K, V>(most: number): BoundedMap<K, V> {
  const entries = new Map<K, V>();
  return {
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= most) return;
      const [oldest] = entries.keys();
      entries.delete(oldest as K);
    },
    take(key) {
      const value = entries.get(key);
      entries.delete(key);
      return value;
    },
  };
}
