/** A server as the first process of a container. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { MAIN } from './follower.ts';
import { endLeftovers, removeCgroups } from './leftovers.ts';
import { readProc, temporaryDirectory, writeConfig } from './support.ts';
import { send } from './test-server.ts';

const IN_NAMESPACE = ['--pid', '--fork', '--mount-proc', '--kill-child'];
const REQUESTS = 50;
const CONFIG = `[api]
auth = "none"
[service.app]
command = "node {fixtures}/double-forks.mjs"
[instances]
app = ["acme"]
`;

function whyNot(): string | null {
  const { status } = spawnSync('unshare', [...IN_NAMESPACE, 'true']);
  return status === 0 ? null : 'needs root and unshare(1) of util-linux';
}

/** The server's pid outside, and its ports. */
async function firstProcess(workers: number) {
  const dir = temporaryDirectory();
  const config = join(dir, 'tenement.toml');
  writeConfig(config, `${CONFIG}[proxy]\nworkers = ${workers}\n`);
  const listen = ['--proxy', '127.0.0.1:0', '--api', '127.0.0.1:0'];
  const child = spawn('unshare', [...IN_NAMESPACE, process.execPath, MAIN, 'serve', '-c', config, ...listen], {
    env: { ...process.env, XDG_RUNTIME_DIR: dir },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
    endLeftovers(join(dir, 'data'));
    removeCgroups(join(dir, 'data/.tenement'));
    rmSync(dir, { recursive: true, force: true });
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const [proxyPort = 0, apiPort = 0] = [...line.matchAll(/127\.0\.0\.1:(\d+)/g)].map((match) => Number(match[1]));
  const [pid = 0] = childrenOf(child.pid ?? 0);
  return { pid, proxyPort, apiPort, exited };
}

function childrenOf(pid: number): number[] {
  return readProc(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

const commandOf = (pid: number) => /\((.*)\)/.exec(readProc(`/proc/${pid}/stat`))?.[1];

it.for([1, 2])(
  'a server as first process reaps the orphans of its tenants, with %i workers (bug: each stayed a zombie)',
  async (workers, context) => {
    const why = whyNot();
    if (why !== null) return context.skip(why);
    const { pid, proxyPort, apiPort, exited } = await firstProcess(workers);
    const get = (path: string) => send(proxyPort, path, { headers: { host: 'acme.localhost' } });
    const orphans = () => childrenOf(pid).filter((child) => commandOf(child) === 'sleep');
    let most = 0;
    for (let request = 0; request < REQUESTS; request += 1) {
      expect((await get('/')).status).toBe(200);
      most = Math.max(most, orphans().length);
    }
    expect(most).toBeGreaterThan(0);
    await expect.poll(orphans).toEqual([]);
    // Node still reaps the server's own children.
    await get('/exit7').catch(() => {});
    const lastExit = async () => JSON.parse((await send(apiPort, '/api/instances/app:acme', {})).body).lastExit;
    await expect.poll(lastExit).toMatchObject({ code: 7 });
    process.kill(pid, 'SIGTERM');
    expect((await exited)[0]).toBe(0);
  },
);
