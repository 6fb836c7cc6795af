/** Two servers of one user on one machine, and who answers for whose tenant. */
import { dirname, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { askSocket } from './clients.ts';
import { temporaryDirectory, writeConfig } from './support.ts';
import { TestServer } from './test-server.ts';

export const service = (name: string, socket = '') => `[service.${name}]
command = "node {fixtures}/tenant.mjs"
health = "/health"
${socket === '' ? '' : `socket = "${socket}"`}
[instances]
${name} = ["acme"]
`;
export const APP = service('app');

/** A server that is not started yet; its default runtime_dir is below `userDir`. */
export function another(toml: string, userDir: string): TestServer {
  const dir = temporaryDirectory();
  const file = join(dir, 'tenement.toml');
  writeConfig(file, toml);
  const server = new TestServer(dir, file, []);
  server.env = { XDG_RUNTIME_DIR: userDir };
  onTestFinished(() => server.dispose());
  return server;
}

export async function whoAnswers(server: TestServer): Promise<{ pid: number; dataDir: string }> {
  return JSON.parse((await server.get('acme.localhost')).body);
}

export async function runtimeDirOf(server: TestServer): Promise<string> {
  return dirname((await server.instance('app:acme')).socket ?? '');
}

/** Expects each server to answer with its own tenant, through its proxy and at its public socket. */
export async function answerForThemselves(...servers: TestServer[]): Promise<void> {
  for (const server of servers) {
    const { socket } = await server.instance('app:acme');
    const answers = [await whoAnswers(server), JSON.parse((await askSocket(socket ?? '')).body)];
    expect(answers.map(({ dataDir }) => dataDir)).toEqual(Array(2).fill(join(server.dataDir, 'acme')));
  }
}

export function warnings(server: TestServer): string[] {
  return server.stderr.split('\n').filter((line) => line.includes('runtime_dir'));
}

/** Settings and a service of a server whose sockets lie in `dir`. */
export const sharing = (dir: string, keys = '') => `runtime_dir = "${dir}"\n${keys}\n${APP}`;
