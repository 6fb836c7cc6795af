/** Opens something when it is first needed. Pure, apart from what it opens. */

/** Returns a function that opens once, and again after a failure. */
export function lazy<Value>(open: () => Promise<Value>): () => Promise<Value> {
  let opened: Promise<Value> | null = null;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}
