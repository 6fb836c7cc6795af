/** Attempts that succeed only at the right moment, or show only at the next look of tenement. */
import { Agent } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type { InstanceView } from '../../../src/core/verbs/verbs.ts';
import { askSocket } from '../../e2e/clients.ts';
import { type Answer, send } from '../../e2e/test-server.ts';
import { denied, done, type Finding, tell, undo } from '../attempt.ts';
import { holdsWithin } from '../look.ts';
import { type Scene, start } from '../scene.ts';

/** The first try usually suffices. */
const CRASHES = 5;
const CLIENTS = 10;
/** The clients' connections are kept for longer than this. */
const TAKEN_WITHIN_MS = 2000;
const BACK_WITHIN_MS = 60_000;
const VICTIM = 'web:victim';
/** tenement looks at direct connections once a second. */
const LOOKS_WITHIN_MS = 20_000;

/**
 * A port is free from the crash until its next owner; the proxy knows of the crash a moment later. Here it is held up, as
 * on a busy machine, until the port has its next owner.
 */
export async function inTheMomentAfterACrash(scene: Scene): Promise<Finding> {
  await start(scene, VICTIM);
  for (let crash = 0; crash < CRASHES; crash += 1) {
    const before = await scene.server.instance(VICTIM);
    const { outcome, detail } = await tell(scene, 'take-port', { port: before.port ?? 0 });
    if (outcome === 'denied') return denied(detail);
    try {
      const tenants = await askAfterCrash(scene, before.port ?? 0);
      if (tenants.includes('hostile'))
        return done(`a request to victim.web was answered by hostile, crash ${crash + 1}`);
    } finally {
      await undo(scene);
      await holdsWithin(BACK_WITHIN_MS, () => isBack(scene, before));
    }
  }
  return denied(`${CRASHES * CLIENTS} requests after ${CRASHES} crashes, all answered by the victim or not at all`);
}

/** Which process answered each of the requests that the proxy read before it could know of the crash. */
async function askAfterCrash(scene: Scene, port: number): Promise<string[]> {
  const { server } = scene;
  const clients = Array.from({ length: CLIENTS }, () => new Agent({ keepAlive: true }));
  const ask = (agent: Agent) => whoAnswers(server.get('victim.web.localhost', '/', { agent }));
  try {
    // The requests come in turn: the proxy makes one connection to the victim for all of them.
    for (const client of clients) await ask(client);
    const answers = await whileHeldUp(server.pid, async () => {
      process.kill(scene.pidOf('web', 'victim'), 'SIGKILL');
      await holdsWithin(TAKEN_WITHIN_MS, async () => (await whoAnswers(send(port, '/', {}))) === 'hostile');
      const asked = clients.map(ask);
      // By then the requests are written.
      await turn();
      return asked;
    });
    return await Promise.all(answers);
  } finally {
    for (const client of clients) client.destroy();
  }
}

async function whileHeldUp<T>(pid: number, work: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Whether another process serves than before. */
async function isBack({ server }: Scene, before: InstanceView): Promise<boolean> {
  const { state, pid } = await server.instance(VICTIM);
  return state === 'ready' && pid !== before.pid;
}

function whoAnswers(answer: Promise<Answer>): Promise<string> {
  return answer.then(
    ({ status, body }) => whoIn(status, body),
    () => 'nobody',
  );
}

function whoIn(status: number, body: string): string {
  return status === 200 ? JSON.parse(body).tenant : String(status);
}

/** A client connects to the victim's socket and leaves; if the instance then counts as connected, that was forged. */
export async function forgeConnections(scene: Scene): Promise<Finding> {
  const { server, bindSocket, publicSocket } = scene;
  const connections = async () => (await server.instance('app:victim')).openConnections;
  try {
    const { outcome, detail } = await tell(scene, 'forge-connections', { path: bindSocket });
    if (outcome === 'denied') return denied(detail);
    await askSocket(publicSocket);
    const forged = await holdsWithin(LOOKS_WITHIN_MS, async () => (await connections()) > 0);
    return forged ? done(`${detail}: counted as ${await connections()}`) : denied(`${detail}, which is not counted`);
  } finally {
    await undo(scene);
    await holdsWithin(LOOKS_WITHIN_MS, async () => (await connections()) === 0);
  }
}
