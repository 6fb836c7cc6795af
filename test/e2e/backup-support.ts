/** A server with a restic repository of its own. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ledger } from './archive-support.ts';
import { type OnFinished, serve, type TestServer, temporaryDirectory } from './support.ts';

/** Under continuous integration, a missing program is a failure. */
export const skipsRestic = !existsSync('/usr/bin/restic') && process.env['CI'] !== 'true';

/** The tables of a config whose tenants keep numbers in a database. */
export function configWith(place: string, more = ''): string {
  return `
[proxy]
default_service = "app"
[backup]
repository = "${join(place, 'repository')}"
password_file = "${join(place, 'password')}"
name = "here"
${more}
${ledger('app')}idle_timeout = 0
`;
}

export function newPlace(onFinished: OnFinished = onTestFinished): string {
  const place = temporaryDirectory();
  onFinished(() => rmSync(place, { recursive: true, force: true }));
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'password'), 'a password\n', { mode: 0o600 });
  return place;
}

export async function serveWithBackups(place: string, more = ''): Promise<TestServer> {
  return serve(configWith(place, more));
}

/** Directories that a restore has not completed. */
export function unsettled({ dataDir }: TestServer): string[] {
  return readdirSync(dataDir).filter((name) => name.endsWith('.restored'));
}

export async function backups(server: TestServer, id: string): Promise<{ id: string; at: string; tenant: string }[]> {
  return JSON.parse((await server.cli('backup', 'ls', id, '--json')).stdout);
}
