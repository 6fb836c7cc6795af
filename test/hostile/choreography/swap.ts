/** A tenant of its own that lays a link in its socket's place: is what the link leads to reached under its name? */
import { askSocket, type SocketAnswer } from '../../e2e/clients.ts';
import { denied, done, type Finding } from '../attempt.ts';
import { HOMELY, supported } from '../levels.ts';
import type { Scene } from '../scene.ts';

export interface SwapOptions {
  /**
   * `probe`: a symbolic link when it is asked for its health, before it answers. `turns`: that and its socket by turns
   * for two seconds. `hard-link`: a second name of the target. `ahead`: where tenement would move the socket to. `sick`:
   * as `probe`, and the answer has it asked again.
   */
  readonly when: 'probe' | 'turns' | 'hard-link' | 'ahead' | 'sick';
  target(scene: Scene): string;
  /** How often the target was connected to, where nobody is to. */
  connections?(scene: Scene): number;
  /** Default: one whose starts fail soon, for what is to come up nowhere. */
  readonly service?: 'app' | 'brief' | 'home';
}

/** Each start of `turns` ends at another moment. */
const STARTS = 3;
/** Tenement's API and the victim tell who they are in different ways. */
const PATH = '/api/instances';

export async function swap(scene: Scene, options: SwapOptions): Promise<Finding> {
  const { service = 'brief', when } = options;
  const { server } = scene;
  const refused = service === 'home' ? await supported(scene.level, HOMELY) : null;
  if (refused !== null) return denied(`refused: ${refused}`);
  const instance = `${service}:swapper`;
  const host = `swapper.${service}.localhost`;
  const env = { SWAP: options.target(scene), SWAP_WHEN: when };
  const connections = () => options.connections?.(scene) ?? 0;
  const connectedBefore = connections();
  try {
    await post(scene, '/api/instances', { service, id: 'swapper', env });
    let reached: Finding = denied('it never came up');
    for (let start = 0; start < (when === 'turns' ? STARTS : 1); start += 1) {
      if (start > 0) await post(scene, `/api/instances/${instance}/restart`);
      const { socket, reason } = await server.instance(instance);
      const answers = await Promise.all([
        server.get(host, PATH),
        askSocket(socket ?? '', PATH).catch((error: Error) => nobody(error)),
      ]);
      const theirs = answers.find(isAnothers);
      if (theirs !== undefined) return done(`under its name, ${env.SWAP} answered ${theirs.body.slice(0, 80)}`);
      const connected = connections() - connectedBefore;
      if (connected > 0) return done(`${env.SWAP} was connected to ${connected} times`);
      reached = denied(`answers ${answers.map(({ status }) => status).join(' and ')}: ${reason}`);
    }
    return reached;
  } finally {
    await server.api(`/api/instances/${instance}?purge=true`, { method: 'DELETE' });
  }
}

/** The list of instances, or a tenant that is not this one. */
function isAnothers({ status, body }: Pick<SocketAnswer, 'status' | 'body'>): boolean {
  if (status !== 200) return false;
  const said: unknown = JSON.parse(body);
  return Array.isArray(said) || (said as { tenant?: string }).tenant !== 'swapper';
}

function nobody(error: Error): Pick<SocketAnswer, 'status' | 'body'> {
  return { status: 0, body: error.message };
}

/** That it does not come up is what is to be seen. */
async function post({ server }: Scene, path: string, body?: object): Promise<void> {
  const json = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(body) };
  await server.api(path, { method: 'POST', ...json });
}

const JSON_TYPE = { 'content-type': 'application/json' };
