/**
 * Calls back when so long has passed and all that waited by then had its turn. Of what is due the event loop does timers
 * first: after a standstill, that of the machine too, a timer alone would go before what came in long ago.
 */
export function after(ms: number, callback: () => void): void {
  setTimeout(() => setImmediate(callback), ms).unref();
}
