/** What ends with the instance being ended, which the tenant cannot tell itself. */
import { BOMBER, denied, done, type Finding, tell, undo } from '../attempt.ts';
import { CAPS } from '../levels.ts';
import { holdsWithin } from '../look.ts';
import { type Scene, start } from '../scene.ts';

const INSTANCE = 'capped:bomber';
/** Measured once a second where the kernel does not do it. */
const HOLD_MS = 4000;
/** Storage is measured less often. */
const STOPPED_WITHIN_MS = 20_000;

/** Over the cap it is killed, and the request answered by a 502. */
export async function fillMemory(scene: Scene): Promise<Finding> {
  const result = await tell(scene, 'fill-memory', { holdMs: HOLD_MS }, BOMBER).catch((error: Error) => error);
  if (!(result instanceof Error)) return result;
  const lastReason = async () => (await scene.server.instance(INSTANCE)).lastExit?.reason;
  const isOver = await holdsWithin(HOLD_MS, async () => (await lastReason()) === 'oom');
  await start(scene, INSTANCE);
  if (isOver) return denied('ended: oom');
  throw new Error(`${result.message}, last exit: ${await lastReason()}`);
}

/** A sandbox needs processes of the host's itself: over the cap it may end as a whole, and is started again. */
export async function fork(scene: Scene): Promise<Finding> {
  const before = await scene.server.instance(INSTANCE);
  try {
    return await tell(scene, 'fork-bomb', { limit: CAPS.pids_limit }, BOMBER);
  } catch (error) {
    if (!scene.level.name.startsWith('sandbox')) throw error;
    const hasEnded = async () => (await scene.server.instance(INSTANCE)).restarts > before.restarts;
    if (!(await holdsWithin(HOLD_MS, hasEnded))) throw error;
    await start(scene, INSTANCE);
    return denied('ended as a whole');
  } finally {
    await undo(scene, BOMBER);
  }
}

/** It may be written; what is promised is that the instance is stopped then. */
export async function fillDisk(scene: Scene): Promise<Finding> {
  try {
    const { outcome, detail } = await tell(scene, 'fill-disk', {}, BOMBER);
    if (outcome === 'denied') return denied(detail);
    const stopped = await holdsWithin(STOPPED_WITHIN_MS, async () => {
      const { state } = await scene.server.instance(INSTANCE);
      return state === 'stopped';
    });
    return stopped ? denied('stopped by tenement') : done(detail);
  } finally {
    await start(scene, INSTANCE);
    await undo(scene, BOMBER);
  }
}
