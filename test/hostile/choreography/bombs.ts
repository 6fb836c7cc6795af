/** Attempts that end with the end of the instance, which the tenant itself cannot report. */
import type { InstanceView } from '../../../src/core/verbs/verbs.ts';
import { BOMBER, denied, done, type Finding, tell, undo } from '../attempt.ts';
import { CAPS } from '../levels.ts';
import { holdsWithin } from '../look.ts';
import { type Scene, spawnIn, start } from '../scene.ts';

const INSTANCE = 'capped:bomber';
/** tenement measures once a second what the kernel does not limit. */
const HOLD_MS = 10_000;
const ENDS_WITHIN_MS = 30_000;
/** Storage is measured less often, and more rarely the longer a measurement took. */
const MEASURED_WITHIN_MS = 120_000;
const FILLER = 'filler.capped.localhost';

/** The process is killed over the limit, and the request gets a 502. */
export async function fillMemory(scene: Scene): Promise<Finding> {
  const result = await tell(scene, 'fill-memory', { holdMs: HOLD_MS }, BOMBER).catch((error: Error) => error);
  if (!(result instanceof Error)) return result;
  const lastReason = async () => (await scene.server.instance(INSTANCE)).lastExit?.reason;
  const isOver = await holdsWithin(ENDS_WITHIN_MS, async () => (await lastReason()) === 'oom');
  await start(scene, INSTANCE);
  if (isOver) return denied('ended: oom');
  throw new Error(`${result.message}, last exit: ${await lastReason()}`);
}

/** A sandbox needs processes of the host itself: over the limit it may end as a whole, and is restarted. */
export async function fork(scene: Scene): Promise<Finding> {
  const before = await scene.server.instance(INSTANCE);
  try {
    return await tell(scene, 'fork-bomb', { limit: CAPS.pids_limit }, BOMBER);
  } catch (error) {
    if (!scene.level.name.startsWith('sandbox')) throw error;
    const hasEnded = async () => (await scene.server.instance(INSTANCE)).restarts > before.restarts;
    if (!(await holdsWithin(ENDS_WITHIN_MS, hasEnded))) throw error;
    await start(scene, INSTANCE);
    return denied('ended as a whole');
  } finally {
    await undo(scene, BOMBER);
  }
}

/** Writing is allowed; the documentation promises that the instance is then stopped, perhaps before the end. */
export function fillDisk(scene: Scene): Promise<Finding> {
  return withFiller(scene, async (view) => {
    const result = await tell(scene, 'fill-disk', {}, FILLER).catch((error: Error) => error);
    if (!(result instanceof Error) && result.outcome === 'denied') return denied(result.detail);
    const isStopped = async () => (await view()).state === 'stopped';
    if (await holdsWithin(MEASURED_WITHIN_MS, isStopped)) return denied('stopped by tenement');
    if (result instanceof Error) throw result;
    return done(result.detail);
  });
}

/** The attempt succeeds when a measurement did not stop the instance. */
export function keepDeleted(scene: Scene): Promise<Finding> {
  return withFiller(scene, async (view) => {
    const { detail } = await tell(scene, 'keep-deleted', {}, FILLER);
    const sinceMs = Date.now();
    const isMeasured = async () => Date.parse((await view()).storageMeasuredAt ?? '') > sinceMs;
    if (!(await holdsWithin(MEASURED_WITHIN_MS, isMeasured))) throw new Error('not measured');
    const { state } = await view();
    return state === 'ready' ? done(detail) : denied(`${state} by tenement`);
  });
}

/** A tenant of its own, which is measured soon: the interval depends on how long earlier measurements took. */
async function withFiller(
  scene: Scene,
  fill: (view: () => Promise<InstanceView>) => Promise<Finding>,
): Promise<Finding> {
  const instance = 'capped:filler';
  await spawnIn(scene, 'capped', 'filler');
  try {
    return await fill(() => scene.server.instance(instance));
  } finally {
    await scene.server.api(`/api/instances/${instance}?purge=true`, { method: 'DELETE' });
  }
}
