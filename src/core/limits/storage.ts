/** How often a tenant's directory is measured, and what a measurement means for an instance. Pure. */
import type { Desired, StorageRecord } from '../lifecycle/instance.ts';
import type { LifecycleEvent } from '../lifecycle/lifecycle-events.ts';
import { formatBytes } from './units.ts';

/** Size of a directory on disk. */
export interface StorageFinding {
  readonly bytes: number;
  /** When the measurement began, ms since the epoch. */
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
/** Delay before a directory that could not be measured is tried again. */
const RETRY_MS = 60_000;

/** A measurement of a directory, as far as the next one depends on it. */
export interface MeasurementTime {
  readonly atMs: number;
  readonly intervalMs: number;
}

/** Returns the time between two measurements of a directory. @param costMs how long the last one took */
export function intervalMs(costMs: number, succeeded: boolean): number {
  const leastMs = succeeded ? MIN_INTERVAL_MS : RETRY_MS;
  return Math.min(MAX_INTERVAL_MS, Math.max(leastMs, costMs * INTERVAL_PER_COST));
}

/** Returns the time without any measurement after one that took `costMs`. */
export function pauseMs(costMs: number): number {
  return costMs * PAUSE_PER_COST;
}

/** For a directory that is not known yet, so that an instance that starts in it is undisturbed at first. */
export function firstMeasurement(nowMs: number): MeasurementTime {
  return { atMs: nowMs, intervalMs: MIN_INTERVAL_MS };
}

/**
 * Returns when to measure next. @param restartedAtMs start of an instance that was stopped for its storage; null: none
 */
export function dueAtMs(last: MeasurementTime, restartedAtMs: number | null): number {
  const regular = last.atMs + last.intervalMs;
  return restartedAtMs === null ? regular : Math.min(regular, restartedAtMs + MIN_INTERVAL_MS);
}

/** Judges a measurement. @param limitBytes null: no limit any more; then only the reason of a stop is kept */
export function judgeStorage(
  was: StorageRecord | null,
  { bytes, atMs }: StorageFinding,
  limitBytes: number | null,
): StorageRecord | null {
  if (limitBytes === null) return was?.stopped === true ? { ...was, over: false } : null;
  return { bytes, measuredAtMs: atMs, over: bytes > limitBytes, stopped: was?.stopped ?? false };
}

/** Returns the event for a measurement or a changed limit, or null when there is none. */
export function storageMessage(
  was: StorageRecord | null,
  is: StorageRecord | null,
  limitBytes: number | null,
): StorageMessage | null {
  if ((was?.over ?? false) === (is?.over ?? false)) return null;
  if (is === null || limitBytes === null) return { type: 'storage-ok', message: 'no longer has a storage limit' };
  return is.over
    ? { type: 'over-storage', message: overStorage(is.bytes, limitBytes) }
    : { type: 'storage-ok', message: `within its storage limit again: ${ofLimit(is.bytes, limitBytes)}` };
}

/** For example "over its storage limit: 64.0 MB of 32.0 MB". */
export function overStorage(bytes: number, limitBytes: number): string {
  return `over its storage limit: ${ofLimit(bytes, limitBytes)}`;
}

function ofLimit(bytes: number, limitBytes: number): string {
  return `${formatBytes(bytes)} of ${formatBytes(limitBytes)}`;
}

/** Keeps the reason of a stop with its measurement, until the instance is started. */
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
