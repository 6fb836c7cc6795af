/** Processes of others, and own processes beyond their end. */
import { type Attempt, by } from '../attempt.ts';
import { surviveStop } from '../choreography/survival.ts';
import { holdsWithin } from '../look.ts';
import type { Scene } from '../scene.ts';
import { PROC, SAME_USER } from './reasons.ts';

const asRoot = { process: SAME_USER };
const victim = (scene: Scene) => ({ pid: scene.pidOf('app', 'victim'), secret: scene.secret });
/** A variable that the tests set in the server's own environment. */
const server = (scene: Scene) => ({ pid: scene.server.pid, secret: 'never to be seen' });

const IN_SANDBOX = { 'sandbox, no network': 'its processes are none of the host, and end with the sandbox' };

/** The victim answers a request that came with the signal before it counts the signal. */
const COUNTED_WITHIN_MS = 10_000;

function victimGotSignal({ server }: Scene): Promise<boolean> {
  return holdsWithin(COUNTED_WITHIN_MS, async () => {
    const { body } = await server.get('victim.localhost');
    return JSON.parse(body).signals > 0;
  });
}

export const PROCESSES: readonly Attempt[] = [
  {
    what: 'see processes of others',
    tryIt: by('list-processes', victim),
    worksAt: { ...asRoot, 'process + user': PROC },
  },
  {
    what: "signal another tenant's process",
    tryIt: by('signal', (scene) => ({ ...victim(scene), signal: 'SIGUSR2' }), { proof: victimGotSignal }),
    worksAt: asRoot,
  },
  {
    // The server ignores it, as does every Node program without a terminal.
    what: 'signal the server',
    tryIt: by('signal', (scene) => ({ ...server(scene), signal: 'SIGWINCH' })),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's environment",
    tryIt: by('read-environment', victim),
    worksAt: asRoot,
  },
  { what: "read the server's environment", tryIt: by('read-environment', server), worksAt: asRoot },
  {
    what: "read another tenant's memory through /proc/PID/mem",
    tryIt: by('read-memory', victim),
    worksAt: asRoot,
  },
  {
    what: "read another tenant's memory by process_vm_readv",
    tryIt: by('read-memory-by-call', victim),
    worksAt: asRoot,
  },
  { what: "trace another tenant's process", tryIt: by('trace', victim), worksAt: asRoot },
  {
    what: "enter another tenant's namespace",
    tryIt: by('enter-namespace', victim),
    worksAt: asRoot,
  },
  {
    what: 'keep a daemon running after stop',
    tryIt: (scene) => surviveStop(scene, 'leave-daemon'),
    worksAt: {},
    pointlessAt: IN_SANDBOX,
  },
  {
    what: 'keep a daemon with nothing in its environment running after stop',
    tryIt: (scene) => surviveStop(scene, 'leave-unmarked-daemon'),
    worksAt: {},
    // The text that identifies the process.
    cap: 'pids_limit',
    pointlessAt: IN_SANDBOX,
  },
  {
    what: 'keep processes that fork all the time running after stop',
    tryIt: (scene) => surviveStop(scene, 'leave-hoppers'),
    worksAt: {},
    cap: 'pids_limit',
    pointlessAt: IN_SANDBOX,
  },
];
