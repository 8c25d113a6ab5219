/** A deep copy of plain data: objects, arrays and primitives. Much faster than `structuredClone`. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy: Record<string, unknown> = Object.getPrototypeOf(value) === null ? byName() : {};
  for (const key of Object.keys(value)) copy[key] = copyOf((value as Record<string, unknown>)[key]);
  return copy as T;
}

/** A record by the names of nodes. It inherits nothing: a node may be called `constructor`. */
export function byName<T>(items: Readonly<Record<string, T>> = {}): Record<string, T> {
  return Object.assign(Object.create(null) as Record<string, T>, items);
}
