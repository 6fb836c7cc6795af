/** Deletes hours that are older than usage is kept, in a thread of its own, so that the event loop goes on meanwhile. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/ports.ts';
import { HOUR_MS, hourOf } from '../core/usage/hours.ts';
import type { Logger } from '../logger.ts';
import { codeFile } from '../node/package-files.ts';

/** Months of which the hours are kept, beside the current one. */
const KEPT_MONTHS = 13;
const INTERVAL_MS = 6 * HOUR_MS;
/** A server that has just started has better things to do. */
const FIRST_MS = 10 * 60_000;

export interface ExpiryOptions {
  /** The registry's database. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the thread is given. */
export interface ExpiryTask {
  readonly file: string;
  /** Hours before this one are deleted. */
  readonly beforeHour: number;
}

/** Begins the first run in some minutes, and one every few hours; the returned function ends them. */
export function startExpiry({ file, clock, logger }: ExpiryOptions): () => void {
  let worker: Worker | null = null;
  let cancel = () => {};
  const schedule = (delayMs: number) => {
    cancel = clock.after(delayMs, () => {
      worker = begun({ file, beforeHour: firstKeptHour(clock.nowMs()) }, logger);
      worker?.once('exit', () => (worker = null));
      schedule(INTERVAL_MS);
    });
  };
  schedule(FIRST_MS);
  return () => {
    cancel();
    void worker?.terminate();
  };
}

/** A bundle may lack the thread. */
function begun(task: ExpiryTask, logger: Logger): Worker | null {
  try {
    return expire(task, logger);
  } catch (error) {
    logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'old usage is not deleted');
    return null;
  }
}

/** Starts one run. The thread posts the number of deleted rows, and exits. */
export function expire(task: ExpiryTask, logger: Logger): Worker {
  const worker = new Worker(codeFile('usage/expiry-thread'), { workerData: task });
  worker.unref();
  worker.once('message', (rows: number) => rows > 0 && logger.info({ rows }, 'old usage deleted'));
  worker.once('error', (error) => logger.warn({ err: error }, 'old usage not deleted; will be tried again'));
  return worker;
}

/** @param nowMs ms since the epoch */
export function firstKeptHour(nowMs: number): number {
  const now = new Date(nowMs);
  return hourOf(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - KEPT_MONTHS));
}
