/**
 * Keeps V8's young generation small during the start. V8 doubles it, up to 64 MB, whenever much of it survives, and
 * seldom shrinks it. Everything that a server makes while it starts survives, such as thousands of activation sockets;
 * later objects mostly do not. Afterwards it grows only if the load demands it.
 */
import { setFlagsFromString } from 'node:v8';

/** V8's default. */
const GROWTH_FACTOR = 2;

/** Runs `work` without growth of the young generation. Only for a process that belongs to tenement. */
export async function withSmallYoungHeap<Result>(work: () => Promise<Result>): Promise<Result> {
  growBy(1);
  try {
    return await work();
  } finally {
    growBy(GROWTH_FACTOR);
  }
}

/** V8 reads the flag each time that it could grow, so the flag may change at run time. */
function growBy(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
