/** Pairs of tenants for tests of `tenement verify`, and what it finds. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finding, Result, VerifyOutcome } from '../../src/core/verify/finding.ts';
import { isMissing } from './fronts.ts';
import type { TestServer } from './support.ts';

export const isRoot = process.getuid?.() === 0;
/** The probe of docs/verify.md. */
const PROBE_TEXT = /```http\n(.*?)```/s.exec(
  readFileSync(fileURLToPath(new URL('../../docs/verify.md', import.meta.url)), 'utf8'),
)?.[1];

/** Writes the documented probe, and returns its path. */
export function probeFile({ dir }: TestServer): string {
  const file = join(dir, 'notes.http');
  writeFileSync(file, PROBE_TEXT ?? '');
  return file;
}

/** A service of the notes application. Keys of its environment follow `env`. */
const service = (name: string, keys: string, env = '') =>
  `[service.${name}]\ncommand = "node {fixtures}/notes.mjs"\n${keys}\n[service.${name}.env]\n${env}\n`;

const OWN = 'user = "dynamic"';
export const CONFIG = [
  '[proxy]\ndefault_service = "notes"\n',
  service('notes', OWN),
  ...(isMissing('bwrap') ? [] : [service('walled', 'isolation = "namespace"\nnetwork = "none"')]),
  service('plain', 'self_api = true'),
  service('port', 'command = "node {fixtures}/tenant.mjs"\nlisten = "port"\nuser = "dynamic"').replace(
    /command = .*\n/,
    '',
  ),
  service('broken', OWN, 'NODE_OPTIONS = "--no-such-option"'),
  service('open', `${OWN}\nsocket_mode = "0666"`),
  service('ledger', OWN, 'LEDGER = "{runtime_dir}/{id}.ledger"'),
  service('secret', OWN, 'COOKIE_SECRET = "the same for all"'),
  service('rows', '', 'NOTES_DB = "{data_dir}/rows.db"\nMISTAKE = "any-row"'),
  service('cookie', '', 'NOTES_DB = "{data_dir}/cookie.db"\nCOOKIE_SECRET = "the same"\nMISTAKE = "trusts-cookie"'),
  service('keeps', OWN, 'MISTAKE = "keeps"'),
].join('');

interface Verified extends VerifyOutcome {
  readonly status: number;
}

/** Registers two tenants of a service, asleep. The older one comes first. */
export async function pair(server: TestServer, of: string, ids: readonly [string, string], ...more: string[]) {
  for (const id of ids) await server.cli('spawn', of, '--id', id, '--no-start', ...more);
}

export async function verify(server: TestServer, ...args: string[]): Promise<Verified> {
  const { status, stdout, stderr } = await server.cli('verify', ...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return { status, ...JSON.parse(stdout) };
}

/** Lists what was tried with these results, as `FROM → TO: WHAT`. */
export function lines({ findings }: Pick<VerifyOutcome, 'findings'>, ...results: Result[]): string[] {
  const chosen = findings.filter(({ result }) => results.includes(result));
  return chosen.map(({ from, to, what }) => `${from} → ${to}: ${what}`);
}

export const finding = (outcome: VerifyOutcome, what: string, from: string): Finding | undefined =>
  outcome.findings.find((one) => one.what === what && one.from === from);

export const dirOf = (server: TestServer, id: string) => join(server.dataDir, id);
