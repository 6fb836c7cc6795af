/** How long a closing part waits for what is under way. */

/** How long an ending server waits for requests that are on their way: longer than most round trips. */
export const LAST_REQUEST_MS = 500;

/** Settles when `watch` calls its argument, when `graceMs` have passed, or when `hurry` aborts. */
export async function withinGrace(
  graceMs: number,
  hurry: AbortSignal | undefined,
  watch: (onDone: () => void) => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onDone = () => resolve();
  const timer = setTimeout(onDone, graceMs);
  hurry?.addEventListener('abort', onDone, { once: true });
  if (hurry?.aborted === true) onDone();
  watch(onDone);
  await promise;
  clearTimeout(timer);
  hurry?.removeEventListener('abort', onDone);
}
