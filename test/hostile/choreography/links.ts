/** Links in the tenant's own directory that tenement might follow. */
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { denied, done, type Finding, tell } from '../attempt.ts';
import { type Scene, spawnIn, start } from '../scene.ts';

/** A mode that tenement never sets shows whether it touched the directory. */
const ODD_MODE = 0o750;
/** One try in ten or twenty hits the moment. */
const QUICK_STARTS = 150;
const STARTS = 20;

export async function restartWithLinkedTmp(scene: Scene): Promise<Finding> {
  const { server, victimDir } = scene;
  const { mode } = statSync(victimDir);
  chmodSync(victimDir, ODD_MODE);
  const before = lookOf(victimDir);
  try {
    await tell(scene, 'plant-tmp-link', { target: victimDir });
    await server.api('/api/instances/app:hostile/restart', { method: 'POST' });
    const after = lookOf(victimDir);
    const { reason } = await server.instance('app:hostile');
    if (after !== before) return done(`owner and mode of ${victimDir} went from ${before} to ${after}`);
    return denied(`${victimDir} is as it was; ${reason}`);
  } finally {
    chmodSync(victimDir, mode & 0o777);
    rmSync(join(server.dataDir, 'hostile/.tmp'), { recursive: true, force: true });
    await server.api('/api/instances/app:hostile/stop', { method: 'POST' });
    await start(scene, 'app:hostile');
  }
}

/** Two instances of one tenant: one swaps while the other starts, repeatedly. */
export async function restartWhileTmpIsSwapped(scene: Scene): Promise<Finding> {
  const { server } = scene;
  const prize = join(server.dir, 'prize');
  mkdirSync(prize);
  writeFileSync(join(prize, 'file'), '', { mode: 0o600 });
  const look = () => `${lookOf(prize)}, in it ${lookOf(join(prize, 'file'))}`;
  const before = look();
  try {
    await spawnIn(scene, 'web', 'racer');
    await tell(scene, 'race-tmp-link', { target: prize }, 'racer.web.localhost');
    await register(scene, 'ends', 'racer');
    for (let start = 0; start < QUICK_STARTS; start += 1) {
      await server.api('/api/instances/ends:racer/start', { method: 'POST' });
      if (look() !== before) return done(`${prize} went from ${before} to ${look()} at start ${start + 1}`);
    }
    return denied(`${prize} is as it was after ${QUICK_STARTS} starts`);
  } finally {
    await removeRacer(scene, 'ends');
    rmSync(prize, { recursive: true, force: true });
  }
}

/** The same for /tmp, in place of which comes a directory in /run with a socket. */
export async function startWhileTmpIsSwapped(scene: Scene): Promise<Finding> {
  const { server, bystander } = scene;
  const target = dirname(bystander.socketPath);
  try {
    await spawnIn(scene, 'web', 'racer');
    await tell(scene, 'race-tmp-link', { target }, 'racer.web.localhost');
    await register(scene, 'brief', 'racer');
    for (let start = 0; start < STARTS; start += 1) {
      await server.api('/api/instances/brief:racer/restart', { method: 'POST' });
      const { state } = await server.instance('brief:racer');
      if (state !== 'ready') continue;
      const path = join('/tmp', basename(bystander.socketPath));
      const { outcome, detail } = await tell(scene, 'connect-unix', { path }, 'racer.brief.localhost');
      if (outcome === 'done') return done(`its /tmp was ${target} at start ${start + 1}: ${path} ${detail}`);
    }
    return denied(`its /tmp was its own at ${STARTS} starts`);
  } finally {
    await removeRacer(scene, 'brief');
  }
}

async function register({ server }: Scene, service: string, id: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ service, id, start: false });
  await server.api('/api/instances', { method: 'POST', headers, body });
}

async function removeRacer({ server }: Scene, service: string): Promise<void> {
  for (const one of [service, 'web']) {
    await server.api(`/api/instances/${one}:racer?purge=true`, { method: 'DELETE' });
  }
}

export async function purgeThroughLink(scene: Scene): Promise<Finding> {
  const { server, victimDir } = scene;
  await spawnIn(scene, 'app', 'leaver');
  await tell(scene, 'plant-link', { target: victimDir }, 'leaver.localhost');
  const { status } = await server.api('/api/instances/app:leaver?purge=true', { method: 'DELETE' });
  if (existsSync(join(server.dataDir, 'leaver'))) throw new Error(`not purged: ${status}`);
  return existsSync(join(victimDir, 'secret.txt')) ? denied('only the link is gone') : done(`${victimDir} is empty`);
}

function lookOf(path: string): string {
  const { uid, gid, mode } = statSync(path);
  return `${uid}:${gid} ${(mode & 0o777).toString(8)}`;
}
