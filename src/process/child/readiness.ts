/**
 * Sees readiness as it happens. The bind directory is watched, so that the socket is noticed when it appears. Between
 * bind(2) and listen(2) a connection is refused, so connecting is retried after a millisecond. The health path is asked
 * again after a fortieth of the time that the start has taken so far.
 */
import { type FSWatcher, lstatSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../../core/lifecycle/instance.ts';
import type { ProbeResult, Upstream } from '../../core/ports.ts';
import { listenerBelongsTo } from '../sockets/port.ts';
import { askHealth, type HealthAnswer, type HealthCheck, tryConnect } from './probe.ts';

const CONNECT_RETRY_MS = 1;
/** For file systems that send no notifications. */
const RECHECK_MS = 50;
const HEALTH_RETRY_MS = 5;
/** Share of the elapsed time between two health checks, and so the largest delay in noticing readiness. */
const HEALTH_RETRY_SHARE = 1 / 40;
const HEALTH_RETRY_MAX_MS = 500;
const HEALTH_FAST_MS = 1000;
const PORT_RETRY_MS = 2;
const PORT_RETRY_SLOW_MS = 10;
const PORT_FAST_MS = 200;

export interface ReadinessOptions {
  readonly upstream: Upstream;
  /** null: the child is ready when it accepts a connection. */
  readonly health: HealthCheck | null;
  readonly leader: ProcessIdentity;
  /** Called with what each health check before readiness found, such as `GET /health answered 503`. */
  onUnhealthy(detail: string): void;
}

/** Watches an existing directory, from before the child starts until `close`. */
export class DirWatch {
  private readonly watcher: FSWatcher | null;
  private wake: () => void = () => {};

  constructor(bindSocket: string) {
    this.watcher = openWatcher(dirname(bindSocket), () => this.wake());
  }

  /** Settles at the next change, after RECHECK_MS, or when `signal` aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    const change = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    const ended = AbortSignal.any([signal, timer.signal]);
    await Promise.race([change, delay(RECHECK_MS, undefined, { signal: ended }).catch(() => {})]);
    timer.abort();
  }

  close(): void {
    this.watcher?.close();
  }
}

function openWatcher(dir: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(dir, { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    // No inotify instance is left; the recheck finds the socket.
    return null;
  }
}

/** Settles once the child listens and is healthy. Not ok, with the reason, when `signal` aborts. */
export async function waitReady(
  options: ReadinessOptions,
  dirWatch: DirWatch,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { upstream, health } = options;
  if ('port' in upstream) {
    const listens = await waitPort(upstream.port, options.leader, signal);
    return listens.ok && health !== null ? waitHealthy(options, health, signal) : listens;
  }
  const bound = await waitBound(upstream.socketPath, dirWatch, signal);
  if (!bound.ok) return bound;
  // The health check itself shows that it listens; a connection before it would cost a cold process some milliseconds.
  return health === null ? waitListening(upstream.socketPath, signal) : waitHealthy(options, health, signal);
}

async function waitBound(path: string, dirWatch: DirWatch, signal: AbortSignal): Promise<ProbeResult> {
  while (!signal.aborted) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSocket()) return { ok: true };
    if (stat !== undefined) return { ok: false, detail: `the file at SOCKET_PATH (${path}) is not a socket` };
    await dirWatch.changed(signal);
  }
  return notListening(path);
}

async function waitListening(path: string, signal: AbortSignal): Promise<ProbeResult> {
  while (!signal.aborted) {
    if ((await tryConnect({ socketPath: path }, RECHECK_MS)) === 'accepted') return { ok: true };
    await pause(CONNECT_RETRY_MS, signal);
  }
  return notListening(path);
}

function notListening(path: string): ProbeResult {
  return { ok: false, detail: `did not listen on SOCKET_PATH (${path})` };
}

async function waitPort(port: number, leader: ProcessIdentity, signal: AbortSignal): Promise<ProbeResult> {
  const startedAtMs = performance.now();
  let stranger = false;
  while (!signal.aborted) {
    if ((await tryConnect({ port }, RECHECK_MS)) === 'accepted') {
      if (await listenerBelongsTo(port, leader)) return { ok: true };
      stranger = true;
    }
    const fast = performance.now() - startedAtMs < PORT_FAST_MS;
    await pause(fast ? PORT_RETRY_MS : PORT_RETRY_SLOW_MS, signal);
  }
  if (stranger) return { ok: false, detail: `another process listens on PORT (${port})` };
  return { ok: false, detail: `did not listen on PORT (127.0.0.1:${port})` };
}

async function waitHealthy(
  { upstream, onUnhealthy }: ReadinessOptions,
  health: HealthCheck,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const startedAtMs = performance.now();
  let last: HealthAnswer = { ok: false, detail: `GET ${health.path} was not answered` };
  while (!signal.aborted) {
    const result = await askHealth(upstream, health, signal);
    if (result.ok) return result;
    // A check that was cut off says nothing; the one before it may.
    if (!signal.aborted) last = result;
    if (result.refused !== true) onUnhealthy(result.detail);
    await pause(healthRetryMs(performance.now() - startedAtMs, !result.ok && result.refused === true), signal);
  }
  if (last.ok || !last.refused || 'port' in upstream) return last;
  return notListening(upstream.socketPath);
}

/**
 * Returns the delay until the next health check. An application that takes a minute to start, and logs each request,
 * must not get thousands of them.
 */
export function healthRetryMs(elapsedMs: number, refused: boolean): number {
  if (elapsedMs >= HEALTH_FAST_MS) return Math.min(HEALTH_RETRY_MAX_MS, Math.floor(elapsedMs * HEALTH_RETRY_SHARE));
  return refused ? CONNECT_RETRY_MS : HEALTH_RETRY_MS;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
