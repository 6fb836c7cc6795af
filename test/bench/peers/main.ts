/**
 * tenement beside other programs that run one application for many tenants: on one machine in one run, in turn, each
 * with the same examples. What is not installed is left out, with a line on how to install it.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BareStarts } from './bare-starts.ts';
import { JUPYTERHUB } from './jupyterhub.ts';
import { crash, restart, wake, warm } from './measures.ts';
import { PASSENGER } from './passenger.ts';
import { type Peer, type RunningPeer, type Site, TENANTS } from './peer.ts';
import { PM2 } from './pm2.ts';
import { endAll, killAll, processesOf, proportionalSetSize } from './processes.ts';
import { findProgram } from './programs.ts';
import { type Entry, report } from './report.ts';
import { SOCKET_ACTIVATE } from './socket-activate.ts';
import { tenementWith } from './tenement.ts';
import { UWSGI } from './uwsgi.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));
const PEERS = [tenementWith('flask'), PASSENGER, UWSGI, tenementWith('notes'), SOCKET_ACTIVATE, PM2, JUPYTERHUB];
const WAKES = 7;
const WARM_RUNS = 3;
const CRASHES = 3;
const RESTARTS = 3;
/** How long deferred work of a start may take. */
const QUIET_MS = 1000;

export async function bench(): Promise<void> {
  const installed = PEERS.filter(isInstalled);
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  // Other users than root read the applications there.
  chmodSync(dir, 0o755);
  const interrupted = () => {
    clear(dir);
    process.exit(1);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await measureAll(dir, installed);
  } finally {
    await endAll(dir);
    clear(dir);
  }
}

function clear(dir: string): void {
  killAll(dir);
  rmSync(dir, { recursive: true, force: true });
}

function isInstalled({ name, app, installation }: Peer): boolean {
  const { missing } = installation();
  for (const remedy of missing) console.log(`${name} (${app}) is left out, for want of: ${remedy}`);
  return missing.length === 0;
}

async function measureAll(dir: string, installed: readonly Peer[]): Promise<void> {
  const apps = { notes: join(dir, 'apps/notes'), flask: join(dir, 'apps/flask') };
  for (const [name, path] of Object.entries(apps)) cpSync(join(EXAMPLES, name), path, { recursive: true });
  const entries: Entry[] = [];
  for (const [index, peer] of installed.entries()) {
    const entry = await orNull(peer, () => open(peer, join(dir, `p${index}`), apps));
    if (entry !== null) entries.push(entry);
  }
  const bare = new BareStarts(dir, apps);
  await rounds(WAKES, entries, async ({ peer, running, found }) => {
    if (peer.name === 'tenement') await bare.round(peer.app);
    if (running.wake !== 'cannot') found.wakesMs.push(await wake(running));
  });
  if (findProgram('wrk') === null) console.log('no requests per second, for want of: apt-get install wrk');
  else await rounds(WARM_RUNS, entries, async ({ running, found }) => found.perSecond.push(await warm(running)));
  await rounds(CRASHES, entries, async ({ running, found }) => found.crashes.push(await crash(running)));
  await rounds(RESTARTS, entries, async ({ running, found }) => {
    if (running.restart !== null) found.restarts.push(await restart(running, running.restart));
  });
  report(entries, bare);
}

async function open(peer: Peer, dir: string, apps: Site['apps']): Promise<Entry> {
  const one = await sizeAsleep(peer, { dir: `${dir}-one`, tenants: 1, apps });
  await endAll(`${dir}-one`);
  const all = await sizeAsleep(peer, { dir: `${dir}-all`, tenants: TENANTS, apps });
  const memoryMb = { one: one.mb, all: all.mb };
  return { peer, running: all.running, found: { wakesMs: [], perSecond: [], crashes: [], restarts: [], memoryMb } };
}

async function sizeAsleep(peer: Peer, site: Site): Promise<{ running: RunningPeer; mb: number }> {
  mkdirSync(site.dir);
  const running = await peer.start(site);
  await delay(QUIET_MS);
  return { running, mb: proportionalSetSize(processesOf(site.dir)) };
}

/** In turn; each comes first as often as the others. What a peer fails at leaves the figure out, and the others go on. */
async function rounds(
  count: number,
  entries: readonly Entry[],
  work: (entry: Entry) => Promise<unknown>,
): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    const first = round % entries.length;
    for (const entry of [...entries.slice(first), ...entries.slice(0, first)]) {
      await orNull(entry.peer, () => work(entry));
    }
  }
}

async function orNull<T>({ name, app }: Peer, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    console.error(`${name} (${app}): ${error}`);
    return null;
  }
}
