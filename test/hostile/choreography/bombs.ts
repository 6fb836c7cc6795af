/** What ends with the instance being ended, which the tenant cannot tell itself. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { BOMBER, denied, done, type Finding, tell, undo } from '../attempt.ts';
import { CAPS } from '../levels.ts';
import { holdsWithin } from '../look.ts';
import { type Scene, start } from '../scene.ts';

const INSTANCE = 'capped:bomber';
/** Measured once a second where the kernel does not do it. */
const HOLD_MS = 4000;
/** Storage is measured less often. */
const MEASURED_WITHIN_MS = 20_000;

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
    const isStopped = async () => (await scene.server.instance(INSTANCE)).state === 'stopped';
    return (await holdsWithin(MEASURED_WITHIN_MS, isStopped)) ? denied('stopped by tenement') : done(detail);
  } finally {
    // The process that knew what to undo may be gone.
    rmSync(join(scene.server.dataDir, 'bomber/filled'), { force: true });
    await start(scene, INSTANCE);
    await undo(scene, BOMBER);
  }
}

/** It is done when a measurement was made and did not stop it. */
export async function keepDeleted(scene: Scene): Promise<Finding> {
  try {
    const { detail } = await tell(scene, 'keep-deleted', {}, BOMBER);
    const sinceMs = Date.now();
    const isMeasured = async () => {
      const { storageMeasuredAt } = await scene.server.instance(INSTANCE);
      return Date.parse(storageMeasuredAt ?? '') > sinceMs;
    };
    if (!(await holdsWithin(MEASURED_WITHIN_MS, isMeasured))) throw new Error('not measured');
    const { state } = await scene.server.instance(INSTANCE);
    return state === 'ready' ? done(detail) : denied(`${state} by tenement`);
  } finally {
    await start(scene, INSTANCE);
    await undo(scene, BOMBER);
  }
}
