/** Every command that deletes says at a terminal what is lost, and asks. Scripts are not asked. */
import { expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { domainView } from '../api/fake-domains.ts';
import { tenantView } from '../api/fake-tenants.ts';
import { testIo } from './io.ts';
import { runningCli } from './running.ts';

/** A server with a tenant that has a domain, a secret and a restored copy, and with a token. */
async function prepared() {
  const running = await runningCli();
  const { env, supervisor, tokenStore, backups } = running;
  const { tenants, domains, secrets } = supervisor;
  tenants.views.set('acme', tenantView('acme', { domains: ['a.example'] }));
  domains.views.set('a.example', domainView('a.example'));
  const { id: token } = await tokenStore.make({ name: 'deploy' });
  const deletions = () => [tenants, domains, secrets, backups].flatMap(({ calls }) => calls.map(([verb]) => verb));
  const answered = async (answer: string | null, words: string) => {
    const { io, questions, stderr } = testIo(env, false, answer);
    const status = await run(words.replace('TOKEN', token).split(' '), io);
    return { status, questions: questions.map((text) => text.replace(token, 'TOKEN')), err: stderr.text };
  };
  return { ...running, answered, deletions };
}

const COMMANDS = [
  [
    'tenant rm acme',
    'Unregister acme with 1 instance and 1 domain (0 requests this month)? Its secrets go, too; its directory stays.',
  ],
  ['domain rm a.example', 'Take a.example away from acme? Requests for it no longer reach api:acme.'],
  ['secret rm acme KEY', 'Remove KEY of acme? Its value cannot be read again.'],
  ['token revoke TOKEN', 'Revoke token TOKEN (deploy, admin, never used)? Who uses it is locked out.'],
  ['restore acme --discard', 'Delete what acme was before its last restore, with all data?'],
] as const;

test.each(COMMANDS)('%s asks first, and nothing is deleted without a yes', async (words, question) => {
  const { answered, deletions, tokenStore } = await prepared();
  const refused = await answered('', words);
  expect(refused).toMatchObject({ status: 2, questions: [`${question} [y/N] `] });
  expect(refused.err).toMatch(/ is left as it is \(usage\)\nhint: Answer y, or give --yes/);
  expect([deletions(), tokenStore.list().length]).toEqual([[], 1]);
  expect(await answered('y', words)).toMatchObject({ status: 0, err: '' });
  expect(deletions().length + 1 - tokenStore.list().length).toBe(1);
});

test.each(COMMANDS)('%s asks neither a script nor with --yes', async (words) => {
  const [script, decided] = [await prepared(), await prepared()];
  expect(await script.answered(null, words)).toMatchObject({ status: 0, err: '' });
  expect(await decided.answered('', `${words} --yes`)).toMatchObject({ status: 0, err: '', questions: [] });
});

test('nobody is asked about a token that does not exist', async () => {
  const { answered } = await prepared();
  const { status, questions, err } = await answered('y', 'token revoke nothing');
  expect([status, questions]).toEqual([1, []]);
  expect(err).toMatch(/^tenement: there is no token "nothing" \(unknown_token\)\nhint: /);
});
