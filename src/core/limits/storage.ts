/** How often a tenant's directory is measured, and what a measurement means for an instance. Pure. */
import type { Desired, StorageRecord } from '../lifecycle/instance.ts';
import type { LifecycleEvent } from '../lifecycle/lifecycle-events.ts';
import { formatBytes } from './units.ts';

/** What a directory takes on disk. */
export interface StorageFinding {
  readonly bytes: number;
  /** When it was looked at, ms since the epoch. */
  readonly atMs: number;
}

export interface StorageMessage {
  readonly type: 'over-storage' | 'storage-ok';
  readonly message: string;
}

const MIN_INTERVAL_MS = 5000;
const MAX_INTERVAL_MS = 3_600_000;
/** One directory costs a hundredth of a core, all together a twentieth. */
const INTERVAL_PER_COST = 100;
const PAUSE_PER_COST = 20;
/** Until one that could not be measured is tried again. */
const RETRY_MS = 60_000;

/** One measurement of a directory, as the next is planned by it. */
export interface Look {
  readonly atMs: number;
  readonly intervalMs: number;
}

/** Time between two measurements of a directory. `costMs`: how long the last took. */
export function intervalMs(costMs: number, succeeded: boolean): number {
  const leastMs = succeeded ? MIN_INTERVAL_MS : RETRY_MS;
  return Math.min(MAX_INTERVAL_MS, Math.max(leastMs, costMs * INTERVAL_PER_COST));
}

/** Time in which nothing is measured after a measurement that took `costMs`. */
export function pauseMs(costMs: number): number {
  return costMs * PAUSE_PER_COST;
}

/** A directory that is not known yet: whoever starts in it is left alone at first. */
export function firstLook(nowMs: number): Look {
  return { atMs: nowMs, intervalMs: MIN_INTERVAL_MS };
}

/** `restartedAtMs`: when one that was stopped for its storage was started again; null: none was. */
export function dueAtMs(last: Look, restartedAtMs: number | null): number {
  const regular = last.atMs + last.intervalMs;
  return restartedAtMs === null ? regular : Math.min(regular, restartedAtMs + MIN_INTERVAL_MS);
}

/** `limitBytes` null: there is no limit any more; nothing but why it is stopped is remembered. */
export function judgeStorage(
  was: StorageRecord | null,
  { bytes, atMs }: StorageFinding,
  limitBytes: number | null,
): StorageRecord | null {
  if (limitBytes === null) return was?.stopped === true ? { ...was, over: false } : null;
  return { bytes, measuredAtMs: atMs, over: bytes > limitBytes, stopped: was?.stopped ?? false };
}

/** The news of a measurement or of another limit, or null when nobody needs to hear of it. */
export function storageMessage(
  was: StorageRecord | null,
  is: StorageRecord | null,
  limitBytes: number | null,
): StorageMessage | null {
  if ((was?.over ?? false) === (is?.over ?? false)) return null;
  if (is === null || limitBytes === null) return { type: 'storage-ok', message: 'has no storage limit any more' };
  return is.over
    ? { type: 'over-storage', message: overStorage(is.bytes, limitBytes) }
    : { type: 'storage-ok', message: `within its storage limit again: ${ofLimit(is.bytes, limitBytes)}` };
}

/** "over its storage limit: 64.0 MB of 32.0 MB" */
export function overStorage(bytes: number, limitBytes: number): string {
  return `over its storage limit: ${ofLimit(bytes, limitBytes)}`;
}

function ofLimit(bytes: number, limitBytes: number): string {
  return `${formatBytes(bytes)} of ${formatBytes(limitBytes)}`;
}

/** Why it is stopped is remembered with the measurement that it was stopped for, until it is started. */
export function withStop(
  storage: StorageRecord | null,
  was: Desired,
  is: Desired,
  event: LifecycleEvent,
): StorageRecord | null {
  if (storage === null || was === is) return storage;
  return { ...storage, stopped: is === 'stopped' && isForStorage(event) };
}

export function isForStorage(event: LifecycleEvent): boolean {
  return event.type === 'stop' && event.overStorage === true;
}
