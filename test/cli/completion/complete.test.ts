import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { controlSocketOf, tellControlSocket } from '../../../src/config/control-socket.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { view } from '../../api/fakes.ts';
import { runningOnSocket, tempDir } from '../../api/running.ts';
import { cli } from '../running.ts';

const PLAN = '[plan.free]\nmax_instances = 1\n[plan.pro]\n';

/** A config whose running server has two instances. */
async function served() {
  const { supervisor, socketPath } = await runningOnSocket();
  for (const name of ['api:acme', 'api:globex'] as const) supervisor.views.set(name, view(name));
  const dir = tempDir();
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, `[service.api]\ncommand = "x"\n${PLAN}`);
  const env = { XDG_RUNTIME_DIR: join(dir, 'run'), TENEMENT_CONFIG: file };
  const config = loadConfig(file, { env });
  // The control socket of the fake stands for that of the config.
  const settings = { ...config.settings, stateDir: dirname(socketPath) };
  expect(controlSocketOf(settings)).toBe(socketPath);
  mkdirSync(join(dir, 'run'));
  tellControlSocket({ ...config, settings }, env);
  return { env, file };
}

async function completed(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, out, err } = await cli(['__complete', ...words], env);
  expect(err).toBe('');
  return { status, values: out.split('\n').flatMap((line) => line.split('\t')[0] || []) };
}

test.each<[words: string[], values: string[]]>([
  [['resta'], ['restart']],
  [
    ['tenant', 's'],
    ['show', 'set', 'stop', 'start'],
  ],
  [['help', 'exi'], ['exit-status']],
  [['help', 'tenant', 'sh'], ['show']],
  [['ps', '--so'], ['--sort']],
  [
    ['ps', '--sort', 're'],
    ['requests', 'restarts'],
  ],
  [
    ['ps', '--state', 'st'],
    ['starting', 'stopping', 'stopped'],
  ],
  [['tenant', 'ls', '--state', 'o'], ['over_quota']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['--tok'], ['--token']],
  [['nonsense', ''], []],
  [['tenant', 'create', ''], []],
])('%j is completed by %j without a server', async (words, values) => {
  expect(new Set((await completed(words)).values)).toEqual(new Set(values));
});

test.each<[words: string[], values: string[]]>([
  [['restart', 'api:a'], ['api:acme']],
  [
    ['restart', 'api:acme', ''],
    ['api:acme', 'api:globex'],
  ],
  [
    ['logs', '-n', '5', 'api:'],
    ['api:acme', 'api:globex'],
  ],
])('%j is completed by the instances %j of the running server', async (words, values) => {
  const { env } = await served();
  expect((await completed(words, env)).values).toEqual(values);
});

test('the server is that of -c', async () => {
  const { env, file } = await served();
  const { XDG_RUNTIME_DIR } = env;
  expect((await completed(['-c', file, 'status', 'api:g'], { XDG_RUNTIME_DIR })).values).toEqual(['api:globex']);
});

test.each([[['-c', '']], [['import', '']], [['exec', 'api:acme', '--', '']], [['export', 'acme', '-o', '']]])(
  '%j leaves names of files to the shell',
  async (words) => expect(await completed(words)).toEqual({ status: 9, values: [] }),
);

test('without a server there are no names, and nothing is said', async () => {
  expect(await completed(['restart', 'api:'], { TENEMENT_CONFIG: '/nowhere/tenement.toml' })).toEqual({
    status: 0,
    values: [],
  });
});
