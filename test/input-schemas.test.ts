/** Checks that every way in accepts the same values of each limit, and refuses others in the same words. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { optionOf } from '../src/cli/limit-options.ts';
import { loadConfig } from '../src/config/load.ts';
import { serviceSchema } from '../src/config/schema/service.ts';
import { assertSpawnOptions } from '../src/core/input/spawn-input.ts';
import { LIMIT_NAMES, LIMITS, type LimitName } from '../src/core/limits/limit-table.ts';
import { limitsView } from '../src/core/limits/limits.ts';
import type { ServiceConfig } from '../src/core/service/service.ts';
import { TenementError } from '../src/errors.ts';
import { post, runningApi } from './api/running.ts';
import { cli } from './cli/running.ts';

/** What each limit must be, in words of this test. */
const EXPECTED: Readonly<Record<LimitName, string>> = {
  memoryLimitMb: 'expected a whole number from 1 to 1048576',
  cpuShares: 'expected a whole number from 1 to 10000',
  cpuLimit: 'expected a number from 0.01 to 1024',
  pidsLimit: 'expected a whole number from 1 to 4194304',
  nofileLimit: 'expected a whole number from 16 to 2147483584',
  storageLimitMb: 'expected a whole number from 1 to 1048576',
};

function configured(key: string, value: number | string): ServiceConfig | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'tenement-limits-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  const shown = typeof value === 'string' ? JSON.stringify(value) : tomlNumber(value);
  writeFileSync(file, `[service.api]\ncommand = "true"\n${key} = ${shown}\n`);
  return loadConfig(file, { env: {}, uid: 1000 }).services.get('api');
}

/** TOML's reader rejects integers of this size, so the number is written as a float. */
function tomlNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
}

/** The message of a refusal after the place, or null when the value is accepted. */
function refusal(place: string, attempt: () => unknown): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    if (!(error instanceof TenementError)) throw error;
    expect(error.message).toContain(`${place}: `);
    return error.message.slice(error.message.indexOf(`${place}: `) + place.length + 2);
  }
}

/** The bounds, and a number between them. */
function goodValues(name: LimitName): number[] {
  const { min, max, isWhole } = LIMITS[name];
  return [min, max, ...(isWhole ? [min + 1] : [0.5])];
}

function badValues(name: LimitName): number[] {
  const { min, max, isWhole } = LIMITS[name];
  return [0, -1, min - 0.001, max + 1, ...(isWhole ? [min + 0.5] : []), Number.POSITIVE_INFINITY, Number.NaN];
}

const json = (value: number) => JSON.parse(JSON.stringify(Number.isFinite(value) ? value : String(value)));

describe.each(LIMIT_NAMES)('%s', (name) => {
  const { key, field, scale } = LIMITS[name];

  it('is accepted in tenement.toml, by the library, the API and the command line', async () => {
    const { supervisor, url, call } = await runningApi();
    for (const value of goodValues(name)) {
      expect(configured(key, value)?.[field]).toBe(value * scale);
      expect(refusal('limits', () => assertSpawnOptions({ limits: { [name]: value } }))).toBeNull();
      const body = { service: 'api', id: `a${value}`.replace('.', '-'), limits: { [name]: value } };
      expect((await call('/api/instances', post(body))).status).toBe(201);
      expect(supervisor.calls.at(-1)).toMatchObject(['spawn', 'api', body.id, { limits: { [name]: value } }]);
      const { status } = await cli(['--api', url, 'spawn', `api:c-${body.id}`, `${optionOf(name)}=${value}`]);
      expect([value, status]).toEqual([value, 0]);
      expect(supervisor.calls.at(-1)).toMatchObject(['spawn', 'api', `c-${body.id}`, { limits: { [name]: value } }]);
    }
  });

  it('is refused in the same words in tenement.toml, by the library, the API and the command line', async () => {
    const { supervisor, url, call } = await runningApi();
    for (const value of badValues(name)) {
      const words = `${EXPECTED[name]}, but this is ${value}`;
      expect(refusal(`service.api.${key}`, () => configured(key, value))).toBe(words);
      expect(refusal(`limits.${name}`, () => assertSpawnOptions({ limits: { [name]: value } }))).toBe(words);
      const body = { service: 'api', id: 'acme', limits: { [name]: json(value) } };
      const answer = await call('/api/instances', post(body));
      // JSON has neither infinity nor NaN, so a client sends text.
      const said = Number.isFinite(value) ? words : `${EXPECTED[name]}, but this is "${value}"`;
      expect([answer.status, JSON.parse(answer.text).detail]).toEqual([400, `limits.${name}: ${said}`]);
      const { status, err } = await cli(['--api', url, 'spawn', 'api:acme', `${optionOf(name)}=${value}`]);
      expect([status, err.split('\n')[0]]).toEqual([2, `tenement: ${optionOf(name)}: ${said} (usage)`]);
    }
    expect(supervisor.calls).toEqual([]);
  });

  it('is refused as text', () => {
    const words = `${EXPECTED[name]}, but this is "64"`;
    expect(refusal(`service.api.${key}`, () => configured(key, '64'))).toBe(words);
    const asText = { [name]: '64' } as unknown as Record<LimitName, number>;
    expect(refusal(`limits.${name}`, () => assertSpawnOptions({ limits: asText }))).toBe(words);
  });

  it('is shown as given, and null without a value', () => {
    const none = configured('wake_queue', 1);
    const given = configured(key, LIMITS[name].max);
    if (none === undefined || given === undefined) throw new Error('the service is missing');
    expect(limitsView(none)[name]).toBeNull();
    expect(limitsView(given)[name]).toBe(LIMITS[name].max);
  });
});

it('the config has no key of a limit that the table lacks', () => {
  const keys = Object.keys(serviceSchema.shape).filter((key) =>
    /^(memory|cpu|pids|nofile|storage)_(limit|shares)/.test(key),
  );
  expect(keys).toEqual(LIMIT_NAMES.map((name) => LIMITS[name].key));
});

it('a bad variable name is refused in the same words in tenement.toml, by the library, the API and the command line', async () => {
  const words = 'expected the name of an environment variable';
  const { url, call } = await runningApi();
  expect(refusal('service.api.env.A-B', () => configured('env."A-B"', 'x'))).toBe(`${words}, but this is "A-B"`);
  expect(refusal('env', () => assertSpawnOptions({ env: { 'A-B': 'x' } }))).toBe(`${words}, but this is "A-B"`);
  const answer = await call('/api/instances', post({ service: 'api', id: 'acme', env: { 'A-B': 'x' } }));
  expect(JSON.parse(answer.text).detail).toBe(`env.A-B: ${words}, but this is "A-B"`);
  const { status, err } = await cli(['--api', url, 'spawn', 'api:acme', '--env', 'A-B=x']);
  expect([status, err.split('\n')[0]]).toEqual([2, `tenement: --env: ${words}, but this is "A-B" (usage)`]);
});
