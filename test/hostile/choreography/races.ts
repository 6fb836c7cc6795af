/** What works only in the right moment, or is seen only at the next look of tenement. */
import { setImmediate as turn } from 'node:timers/promises';
import { askSocket } from '../../e2e/clients.ts';
import { denied, done, type Finding, tell, undo } from '../attempt.ts';
import { holdsWithin } from '../look.ts';
import { type Scene, start } from '../scene.ts';

/** The first or the second is enough, mostly. */
const CRASHES = 20;
const REQUESTS = 80;
/** tenement looks at direct connections once a second. */
const LOOKS_WITHIN_MS = 20_000;

/** A port is free from the crash until its next owner; the proxy knows of the crash a moment later. */
export async function inTheMomentAfterACrash(scene: Scene): Promise<Finding> {
  let asked = 0;
  for (let crash = 0; crash < CRASHES; crash += 1) {
    await start(scene, 'web:victim');
    const { port } = await scene.server.instance('web:victim');
    const pid = scene.pidOf('web', 'victim');
    const { outcome, detail } = await tell(scene, 'take-port', { port: port ?? 0 });
    if (outcome === 'denied') return denied(detail);
    try {
      process.kill(pid, 'SIGKILL');
      const tenants = await askUntilBack(scene, port);
      asked += tenants.length;
      if (tenants.includes('hostile'))
        return done(`a request to victim.web was answered by hostile, crash ${crash + 1}`);
    } finally {
      await undo(scene);
    }
  }
  return denied(`${asked} requests during ${CRASHES} crashes, all answered by the victim or not at all`);
}

/** Who answered each request, from the crash until the victim has another port. */
async function askUntilBack({ server }: Scene, portBefore: number | null): Promise<string[]> {
  const answers: Promise<string>[] = [];
  let isBack = false;
  while (!isBack && answers.length < REQUESTS) {
    const answer = server.get('victim.web.localhost').then(({ status, body }) => whoIn(status, body));
    answers.push(answer.catch(() => 'nobody'));
    await turn();
    if (answers.length % 20 === 0) {
      const { state, port } = await server.instance('web:victim');
      isBack = state === 'ready' && port !== portBefore;
    }
  }
  return Promise.all(answers);
}

function whoIn(status: number, body: string): string {
  return status === 200 ? JSON.parse(body).tenant : String(status);
}

/** Somebody connects to the victim's socket and leaves; if it then counts as connected to, that was forged. */
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
