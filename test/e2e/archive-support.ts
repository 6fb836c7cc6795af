/** Tenants that write numbers down, copies of them, and the means to look at both. */
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { TestServer } from './support.ts';

export const isRoot = process.getuid?.() === 0;
/** A service whose tenants keep numbers in a database. */
export const ledger = (name: string) =>
  `[service.${name}]\ncommand = "${process.execPath} {fixtures}/ledger.mjs"\nstorage_limit_mb = 64\n${isRoot ? 'user = "dynamic"\n' : ''}`;

/** A tenant that has written some numbers. */
export async function tenantOf(server: TestServer, id: string, ...numbers: number[]): Promise<string> {
  await server.cli('tenant', 'create', id, '--label', 'region=eu', '--env', 'COLOUR=red');
  for (const n of numbers) await write(server, id, n);
  return join(server.dataDir, id);
}

export function write(server: TestServer, id: string, n: number) {
  return server.get(`${id}.localhost`, '/write', { method: 'POST', body: String(n) });
}

export function numbersIn(dir: string): number[] {
  const file = join(dir, 'ledger.db');
  expect(sqlite(file, 'PRAGMA integrity_check')).toEqual(['ok']);
  return sqlite(file, 'SELECT n FROM writes ORDER BY n').map(Number);
}

function sqlite(file: string, query: string): string[] {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const database = new DatabaseSync(file);
  try {
    return database
      .prepare(query)
      .all()
      .map((row) => String(Object.values(row)[0]));
  } finally {
    database.close();
  }
}

/** Copies that are not complete. */
export function leftovers({ dataDir }: TestServer): string[] {
  const place = join(dataDir, '.tenement-copies');
  return existsSync(place) ? readdirSync(place) : [];
}

/** Sends an archive; an answer may come before all of it is read. */
export function upload(server: TestServer, path: string, bytes: Buffer): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/zstd' };
    const asked = request({ host: '127.0.0.1', port: server.apiPort, method: 'POST', path, headers, agent: false });
    asked.once('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    // The connection may be closed before all is sent.
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    asked.end(bytes);
  });
}

/** Asks for an archive and does not read it. */
export function exportUnread(server: TestServer, id: string) {
  const headers = { authorization: `Bearer ${server.token}` };
  const path = `/api/tenants/${id}/export`;
  const asked = request({ host: '127.0.0.1', port: server.apiPort, method: 'POST', path, headers, agent: false });
  asked.on('error', () => {});
  const answered = once(asked, 'response').then(([response]) => (response as IncomingMessage).statusCode);
  asked.end();
  return { answered, leave: () => void asked.destroy() };
}

export async function setSecret(server: TestServer, id: string, name: string, value: string): Promise<void> {
  const options = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ value }) };
  expect((await server.api(`/api/tenants/${id}/secrets/${name}`, options)).status).toBe(200);
}

export async function secretsOf(server: TestServer, id: string): Promise<string[]> {
  const { secrets } = JSON.parse((await server.api(`/api/tenants/${id}/secrets`)).body);
  return secrets.map(({ name }: { name: string }) => name);
}

export async function exportedBy(server: TestServer, id: string, ...options: string[]): Promise<string> {
  const file = join(server.dir, `${id}.tar.zst`);
  expect(await server.cli('export', id, '-o', file, ...options)).toMatchObject({ status: 0 });
  return file;
}
