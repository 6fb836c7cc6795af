/** Changes of named values: variables, labels, limits. Pure. */

/** New values by name; null removes a name, so that the next layer's value holds. */
export type Changes<Value> = Readonly<Record<string, Value | null>>;

/** Applies changes. Returns `values` itself when nothing differs. */
export function withChanges<Value>(
  values: Readonly<Record<string, Value>>,
  changes: Changes<Value>,
): Readonly<Record<string, Value>> {
  // By entries, because a variable may be named `__proto__`.
  const all = new Map(Object.entries(values));
  let differs = false;
  for (const [name, value] of Object.entries(changes)) {
    differs ||= value === null ? all.has(name) : all.get(name) !== value;
    if (value === null) all.delete(name);
    else all.set(name, value);
  }
  return differs ? Object.fromEntries(all) : values;
}
