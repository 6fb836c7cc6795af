/**
 * Programs that the tests of the databases and of HTTP/2 need. A missing one skips its tests by name. In CI it fails them, unless it is
 * one that test/databases/install could not build.
 */
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';
import { missing, type Need, program } from '../apps/needs.ts';

const BUILD = 'test/databases/install';

/** Where it puts programs. */
const INSTALLED = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tenement-tests/bin');
export const PATH = `${process.env['PATH']}${delimiter}${INSTALLED}`;

export const PSQL = program('psql', 'postgresql-client');
export const REDIS: Need = { test: 'command -v redis-server redis-cli', remedy: 'apt-get install redis-server' };
export const RABBITMQ: Need = {
  test: 'test -x /usr/lib/rabbitmq/bin/rabbitmq-server && command -v amqp-get curl',
  remedy: 'apt-get install rabbitmq-server amqp-tools curl',
};
export const AWS = program('aws', 'awscli');
export const VERSITYGW = installed('versitygw');
export const FERRETDB = installed('ferretdb');
export const MONGOSH = installed('mongosh');
export const SECANTUSDB = installed('secantusdb');
export const H2SPEC = installed('h2spec');

function installed(name: string): Need {
  return { test: `test -x ${INSTALLED}/${name}`, remedy: BUILD };
}

/** The commands aws and mongosh start slowly, and some tests start them many times. */
const TIMEOUT_MS = 300_000;

/** `describe`, if the machine has what the tests need. */
export function describeWith(needs: readonly Need[], title: string, tests: () => void): void {
  const absent = missing(needs.filter(mayBeMissing));
  const remedies = [...new Set(absent.map(({ remedy }) => remedy))];
  const told = remedies.length > 0 ? `${title} (${remedies.join(', ')})` : title;
  describe.skipIf(absent.length > 0)(told, { timeout: TIMEOUT_MS }, tests);
}

function mayBeMissing({ remedy }: Need): boolean {
  return process.env['CI'] !== 'true' || (remedy === BUILD && process.env['UNBUILT_DATABASES'] === 'true');
}
