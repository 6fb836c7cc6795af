/** Measurements of a running peer. Each function leaves `t0` in any state. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { timed } from '../figures.ts';
import { readWrk } from '../wrk.ts';
import type { RunningPeer } from './peer.ts';
import { processesOf } from './processes.ts';
import { answers, ask, mustAnswer, type Served, startLoad } from './visitor.ts';

const CONNECTIONS = 32;
const WARM_S = 2;
/** How long the load runs before an event and after it. */
const CALM_MS = 400;
/** How long every peer takes to consider the process healthy; uWSGI's Emperor counts from the next full second. */
const HEALTHY_MS = 1500;
const BACK_WITHIN_MS = 4000;
const RESTARTED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 20;

/** Returns the time from the request to its 200, in ms. */
export async function wake(peer: RunningPeer): Promise<number> {
  await peer.sleep();
  const { wake: call } = peer;
  return timed(async () => {
    if (typeof call === 'function') await call();
    if (!(await ask(peer.target, '/'))) throw new Error('the request that should wake it is not answered with 200');
  });
}

export interface Interrupted extends Served {
  /** The time until the next 200; null when none came within 4 s. */
  readonly backMs: number | null;
}

/** Sends SIGKILL to every process of `t0` under load. */
export async function crash(peer: RunningPeer): Promise<Interrupted> {
  await peer.revive();
  const stop = startLoad(peer.target);
  await delay(HEALTHY_MS);
  for (const pid of processesOf(peer.tenantMark)) process.kill(pid, 'SIGKILL');
  let back = false;
  const backMs = await timed(async () => {
    back = await answers(peer.target, BACK_WITHIN_MS);
  });
  await delay(CALM_MS);
  return { ...(await stop()), backMs: back ? backMs : null };
}

/** Restarts `t0` under load, until a new process exists and an old one does not: the master of a vassal stays. */
export async function restart(peer: RunningPeer, byItsMeans: () => Promise<void>): Promise<Served> {
  await peer.revive();
  await delay(CALM_MS);
  const before = processesOf(peer.tenantMark);
  const stop = startLoad(peer.target);
  await delay(CALM_MS);
  await byItsMeans();
  const deadline = performance.now() + RESTARTED_WITHIN_MS;
  while (!someReplaced(before, processesOf(peer.tenantMark))) {
    if (performance.now() > deadline) throw new Error('the restart does not replace the processes');
    await delay(LOOK_EVERY_MS);
  }
  await mustAnswer(peer.target);
  await delay(CALM_MS);
  return stop();
}

function someReplaced(before: readonly number[], now: readonly number[]): boolean {
  return before.some((pid) => !now.includes(pid)) && now.some((pid) => !before.includes(pid));
}

/** Returns the requests per second on kept connections. */
export async function warm(peer: RunningPeer): Promise<number> {
  await peer.revive();
  const { port, host, prefix } = peer.target;
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${WARM_S}s`, '-H', `Host: ${host}`];
  const { stdout } = await promisify(execFile)('wrk', [...options, `http://127.0.0.1:${port}${prefix}/health`]);
  const { perSecond, errors } = readWrk(stdout);
  if (errors > 0) console.error(`${errors} errors of wrk at ${host}${prefix}`);
  return perSecond;
}
