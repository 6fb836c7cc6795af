/** Every table of every command fits a terminal of 80 columns, and has all of its columns with --wide. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { displayWidth } from '../../../src/cli/output/display-width.ts';
import { run } from '../../../src/cli/program.ts';
import type { InstanceName } from '../../../src/core/lifecycle/instance.ts';
import { newTally } from '../../../src/core/usage/tally.ts';
import { usageView } from '../../../src/core/usage/usage-query.ts';
import { certificateView } from '../../api/fake-certificates.ts';
import { domainView } from '../../api/fake-domains.ts';
import { tenantView } from '../../api/fake-tenants.ts';
import { view } from '../../api/fakes.ts';
import { testIo } from '../io.ts';
import { runningCli } from '../running.ts';

const ID = 'a-tenant-with-a-long-id';
const ANY_TIME = '2026-01-01T00:00:00.000Z';

async function prepared() {
  const running = await runningCli();
  const { supervisor, tokenStore, backups, certificates, notify, usage } = running;
  const name: InstanceName = `api:${ID}`;
  supervisor.views.set(name, view(name, { id: ID, startedAt: ANY_TIME, restarts: 12, requests: 1_234_567 }));
  const failed = certificateView('shop.of-a-customer.example.com', { tenant: ID, nextTryAt: ANY_TIME });
  certificates.views = [failed];
  const domains = ['shop.of-a-customer.example.com'];
  supervisor.tenants.views.set(ID, tenantView(ID, { domains, plan: 'professional', expiresAt: ANY_TIME }));
  supervisor.domains.views.set(
    'shop.of-a-customer.example.com',
    domainView('shop.of-a-customer.example.com', {
      tenant: ID,
      reason: 'the record has another value, which is a long story',
    }),
  );
  await tokenStore.make({ name: 'deploys of the web team from CI', scope: `tenant:${ID}`, can: ['read', 'operate'] });
  backups.views = [{ tenant: ID, at: ANY_TIME, id: 'abcdef0123456789', server: 'web-1.example.com' }];
  const times = { lastSuccessAt: ANY_TIME, lastFailureAt: ANY_TIME, nextTryAt: '2126-01-01T00:00:00.000Z' };
  const counts = { pending: 12, givenUp: 0, dropped: 0, lastFailure: null };
  notify.targets.push({
    url: 'https://hooks.example.com/services/T0/B0/x',
    events: ['*'],
    isSigned: true,
    allowPrivate: false,
    ...counts,
    ...times,
  });
  const tally = { ...newTally(), requests: 123_456, egressBytes: 3e9, awakeSeconds: 86_400, memoryGbSeconds: 12_345 };
  const meters = { ofAHookBytes: 5e9, rowsOfADatabase: 1e6 };
  usage.rows = [usageView({ tenantId: ID, start: 490_000 }, { tally, meters }, 'hour', Date.UTC(2027, 0))];
  return running;
}

async function linesOf(words: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const { io, stdout } = testIo(env, true);
  expect(await run(words.split(' '), io)).toBe(0);
  return stripVTControlCharacters(stdout.text).trimEnd().split('\n');
}

test.each([
  ['ps', 'INSTANCE'],
  ['tenant ls', 'TENANT'],
  ['domain ls', 'DOMAIN'],
  ['cert ls', 'NAME'],
  [`secret ls ${ID}`, 'SECRET'],
  ['token ls', 'ID'],
  ['backup ls', 'TENANT'],
  ['notify ls', 'RECEIVER'],
  ['usage', 'TENANT'],
])('the table of `%s` fits, and --wide shows all columns', async (words, heading) => {
  const { env, cli } = await prepared();
  const fitted = await linesOf(words, env);
  expect(fitted[0]).toMatch(new RegExp(`^${heading} `));
  expect(fitted.length).toBeGreaterThan(1);
  for (const line of fitted) expect(displayWidth(line), line).toBeLessThanOrEqual(80);
  const { out } = await cli(...words.split(' '), '--wide');
  expect(await linesOf(`${words} --wide`, env)).toEqual(out.trimEnd().split('\n'));
});

test('the tables of one tenant fit, and long texts go on below their beginning', async () => {
  const { env, supervisor } = await prepared();
  const reason = 'an operator has stopped it while the data move to another machine, which takes until tonight';
  supervisor.tenants.views.set(ID, tenantView(ID, { reason, domains: ['shop.of-a-customer.example.com'] }));
  const lines = await linesOf(`tenant show ${ID}`, env);
  expect(lines.find((line) => line.includes('DOMAIN'))).toMatch(/^ {2}DOMAIN/);
  for (const line of lines) expect(displayWidth(line), line).toBeLessThanOrEqual(80);
  expect(lines.join(' ').replaceAll(/ +/g, ' ')).toContain(reason);
});
