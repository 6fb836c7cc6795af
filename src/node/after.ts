/**
 * Calls back when `ms` have passed and everything that waited by then had its turn. The event loop runs due timers
 * first, so after a standstill a plain timer would run before input that came in long ago.
 */
export function after(ms: number, callback: () => void): void {
  setTimeout(() => setImmediate(callback), ms).unref();
}
