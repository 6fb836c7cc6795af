/** A tenant with secrets, and the places where their values must not be. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { memoryPlaceOf } from '../../src/process/secrets/memory-place.ts';
import { tenement } from './command.ts';
import type { TestServer } from './test-server.ts';

export const VALUE = 'sk_live_4f9a1c77e0';

/** Prints what a process has of its secrets, as JSON. */
export const TELLER = `
const { createServer } = require('node:http');
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { SECRETS_DIR: dir, STRIPE_KEY: key, DB: db, SOCKET_PATH } = process.env;
createServer((request, response) => {
  const files = dir ? Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(dir + '/' + name, 'utf8')])) : {};
  const stat = dir ? statSync(dir) : null;
  response.end(JSON.stringify({ dir, files, key, db, mode: stat && (stat.mode & 0o7777).toString(8), own: stat && stat.uid === process.getuid() }));
}).listen(SOCKET_PATH);
`;

export interface Told {
  readonly dir?: string;
  readonly files: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly db?: string;
  readonly mode: string | null;
  readonly own: boolean | null;
}

/** A service that prints its secrets, with these keys. */
export function tellerService(keys: string): string {
  return `[service.app]
command = ["node", "-e", ${JSON.stringify(TELLER.replaceAll('{', '{{').replaceAll('}', '}}'))}]
secrets_env = ["STRIPE_KEY"]
${keys}
[service.app.env]
DB = "postgres://app:{secret.DB_PASSWORD}@db/{id}"
[service.app.secrets]
KEY = { generate = "hex:32" }
`;
}

export async function told(server: TestServer, id = 'acme'): Promise<Told> {
  const { status, body } = await server.get(`${id}.localhost`);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body) as Told;
}

export async function setSecret(server: TestServer, id: string, name: string, value: string): Promise<void> {
  const { status, body } = await server.api(`/api/tenants/${id}/secrets/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value }),
  });
  if (status !== 200) throw new Error(`${status} ${body}`);
}

/** Registers a tenant with all that the service needs. */
export async function registered(server: TestServer, id = 'acme', value = VALUE): Promise<void> {
  await server.cli('spawn', 'app', '--id', id, '--no-start');
  await setSecret(server, id, 'STRIPE_KEY', value);
  await setSecret(server, id, 'DB_PASSWORD', value);
}

/** The directories that the secrets of a server's running instances are in. */
export function secretDirsOf(server: TestServer): string[] {
  const { dir } = memoryPlaceOf({
    runtimeDir: join(server.dir, 'tenement'),
    stateDir: join(server.dataDir, '.tenement'),
  });
  return listed(dir).filter((name) => name.includes('.secrets'));
}

function listed(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** Checks that an instance gets its secrets, and that their values are nowhere else. */
export async function expectSecretsToBeItsOwn(server: TestServer): Promise<void> {
  await registered(server);
  await registered(server, 'globex', 'of-globex');
  const it = await told(server);
  expect(it).toMatchObject({
    files: { STRIPE_KEY: VALUE, DB_PASSWORD: VALUE, KEY: expect.stringMatching(/^[0-9a-f]{64}$/) },
    key: VALUE,
    db: `postgres://app:${VALUE}@db/acme`,
    mode: '500',
    own: true,
  });
  const other = await told(server, 'globex');
  expect(other.files).toMatchObject({ STRIPE_KEY: 'of-globex' });
  expect(other.files['KEY']).not.toBe(it.files['KEY']);
  for (const value of [VALUE, it.files['KEY'] ?? '']) expect(placesWith(value, [server.dir])).toEqual([]);
  const said = await Promise.all([
    server.api('/api/instances'),
    server.api('/api/tenants/acme'),
    server.api('/api/tenants/acme/secrets'),
    server.api('/api/events'),
    server.api('/metrics'),
  ]);
  for (const { body } of said) expect(body).not.toContain(VALUE);
  expect((await server.cli('status', 'app:acme')).stdout + server.stderr).not.toContain(VALUE);
  const words = ['sh', '-c', 'cat "$SECRETS_DIR/STRIPE_KEY"; echo; echo "$DB"'];
  const { stdout, stderr } = await tenement(['-c', server.configFile, 'exec', 'app:acme', '--', ...words], {
    XDG_RUNTIME_DIR: server.dir,
  });
  expect(stdout + stderr).toBe(`${VALUE}\npostgres://app:${VALUE}@db/acme\n`);
  expect(secretDirsOf(server).sort()).toEqual(['app.acme.secrets', 'app.globex.secrets']);
  for (const id of ['acme', 'globex']) await server.cli('sleep', `app:${id}`);
  expect(secretDirsOf(server)).toEqual([]);
  expect(placesWith(VALUE, [server.dir])).toEqual([]);
}

/** Lists the command lines and the files below these directories that contain a text. */
export function placesWith(text: string, dirs: readonly string[]): string[] {
  const needle = Buffer.from(text);
  const lines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `/proc/${pid}/cmdline`);
  const files = dirs.flatMap((dir) =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...lines, ...files].filter((path) => contentOf(path).includes(needle));
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
