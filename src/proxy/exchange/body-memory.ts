/**
 * Bodies come in memory outside of V8's heap, 64 kB a read. V8 collects all garbage, the old included, for every 64 MB of
 * it, twenty times a second under uploads: measured, a third of the proxy's time. Counted together with its heap it is
 * collected as seldom as that grows, and no more of it lies about.
 */
import { setFlagsFromString } from 'node:v8';

/** For a process that is tenement's own. A V8 that does not know the flag says so in a line, and goes on (Node 24 and 26 know it). */
export function countBodiesWithHeap(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}
