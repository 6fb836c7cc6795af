/** Instances that ask tenement about their own tenants. */
import { expect } from 'vitest';
import { tenement } from './command.ts';
import { serve, type TestServer } from './support.ts';

export interface Keys {
  readonly keys: string;
  readonly alone: string;
}

const PLANS = `[tenants]
default_plan = "free"
[plan.free]
features = ["export"]
counters = { users = 3, projects = "unlimited" }
`;

/** A service whose application asks tenement what a request says. */
export const service = ({ keys, alone }: Keys, more = '') => `[service.app]
command = "node {fixtures}/asks-self.mjs"
health = "/health"
self_api = true
${keys}
${alone}
${more}
${PLANS}`;

/** Keys of the plainest level. */
export const PLAIN = { keys: '', alone: '' };

export async function serveTwo(level: Keys, more = ''): Promise<TestServer> {
  const server = await serve(service(level, more));
  for (const id of ['acme', 'globex']) await server.cli('spawn', 'app', '--id', id);
  return server;
}

export async function ask(server: TestServer, tenant: string, path: string, body?: object) {
  const query = body === undefined ? '' : `?body=${encodeURIComponent(JSON.stringify(body))}`;
  const method = body === undefined ? 'GET' : 'POST';
  const { status, body: answer } = await server.get(`${tenant}.localhost`, `${path}${query}`, { method });
  return { status, body: JSON.parse(answer) };
}

/** Runs a command in an instance's place, and returns what it prints. */
export async function exec(server: TestServer, tenant: string, ...words: string[]): Promise<string> {
  const { configFile, dir } = server;
  const { stdout } = await tenement(['-c', configFile, 'exec', `app:${tenant}`, '--', ...words], {
    XDG_RUNTIME_DIR: dir,
  });
  expect(stdout).not.toBe('');
  return stdout.trim();
}

export const socketOf = async (server: TestServer, tenant: string) =>
  exec(server, tenant, 'printenv', 'TENEMENT_SOCKET');
