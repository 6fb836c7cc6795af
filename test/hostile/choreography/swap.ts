/** A tenant that replaces its socket by a link: can clients reach the link's target under the tenant's name? */
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
  /** How many connections the target got, which must be none. */
  connections?(scene: Scene): number;
  /** Default: an instance whose starts fail soon, for targets that must not come up. */
  readonly service?: 'app' | 'brief' | 'home';
}

/** Each start of `turns` ends at another moment. */
const STARTS = 3;
/** tenement's API and the victim identify themselves in different ways. */
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

/** Whether the response is the list of instances, or names another tenant. */
function isAnothers({ status, body }: Pick<SocketAnswer, 'status' | 'body'>): boolean {
  if (status !== 200) return false;
  const said: unknown = JSON.parse(body);
  return Array.isArray(said) || (said as { tenant?: string }).tenant !== 'swapper';
}

function nobody(error: Error): Pick<SocketAnswer, 'status' | 'body'> {
  return { status: 0, body: error.message };
}

/** Ignores a failed start, because the instance is not expected to come up. */
async function post({ server }: Scene, path: string, body?: object): Promise<void> {
  const json = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(body) };
  await server.api(path, { method: 'POST', ...json });
}

const JSON_TYPE = { 'content-type': 'application/json' };
