/**
 * V8 doubles its young generation, up to 64 MB, whenever much of it survives, and seldom gives that back. All that a
 * server makes while it starts survives, thousands of activation sockets among it, and little of what it makes later does: kept
 * small until it is ready, it grows only when the load asks for it.
 */
import { setFlagsFromString } from 'node:v8';

/** V8's own. */
const GROWTH_FACTOR = 2;

/** Runs `work` while the young generation does not grow. For a process that is tenement's own. */
export async function withSmallYoungHeap<Result>(work: () => Promise<Result>): Promise<Result> {
  growBy(1);
  try {
    return await work();
  } finally {
    growBy(GROWTH_FACTOR);
  }
}

/** V8 asks for it each time that it could grow, so it may change while it runs. */
function growBy(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
