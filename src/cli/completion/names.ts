/** Names that a running server knows, asked for fast and without a word about failures. */
import { request } from 'node:http';
import { notedControlSocket } from '../../config/control-socket.ts';
import { configFile } from '../target.ts';

export type NameKind = 'instances' | 'services' | 'plans' | 'tenants' | 'domains';

/** A shell waits for this. */
const TIMEOUT_MS = 5000;
/** More candidates than anybody reads. */
const LIMIT = 1000;

/** Where each kind of name is in the answers of the API. */
const SOURCES: Readonly<Record<NameKind, { path: string; namesOf(answer: never): string[] }>> = {
  instances: {
    path: `/api/instances?limit=${LIMIT}`,
    namesOf: ({ instances }: { instances: { instance: string }[] }) => instances.map(({ instance }) => instance),
  },
  tenants: {
    path: `/api/tenants?limit=${LIMIT}`,
    namesOf: ({ tenants }: { tenants: { id: string }[] }) => tenants.map(({ id }) => id),
  },
  domains: {
    path: '/api/domains',
    namesOf: ({ domains }: { domains: { domain: string }[] }) => domains.map(({ domain }) => domain),
  },
  services: {
    path: '/api/config',
    namesOf: ({ services }: { services: [name: string, service: object][] }) => services.map(([name]) => name),
  },
  plans: {
    path: '/api/config',
    namesOf: ({ plans }: { plans: [name: string, plan: object][] }) => plans.map(([name]) => name),
  },
};

/** Returns no names when the config has no running server on this machine. @param config given with -c */
export async function namesOf(kind: NameKind, config: string | undefined, env: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    const socketPath = notedControlSocket(configFile(config === undefined ? {} : { config }, env), env);
    if (socketPath === null) return [];
    const { path, namesOf: namesIn } = SOURCES[kind];
    return namesIn((await answerOf(socketPath, path)) as never);
  } catch {
    return [];
  }
}

function answerOf(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', connection: 'close' };
    const asking = request({ socketPath, path, headers, timeout: TIMEOUT_MS, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve(JSON.parse(text))).on('error', reject);
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer'))).on('error', reject);
    asking.end();
  });
}
