/** An example of the package with a real database: what its README says, and what a rotation does under load. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { PATH } from '../../../databases/programs.ts';
import { PageShell, stepsOf } from '../../../pages/page-shell.ts';
import { tenement } from '../../command.ts';
import { constantLoad } from '../../constant-load.ts';
import { type OnFinished, temporaryDirectory } from '../../support.ts';
import { type Answer, TestServer } from '../../test-server.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../examples', import.meta.url));
/** Requests that both the old process and the new one must have answered. */
const ENOUGH = 30;
/** What a README begins with, and the test has done. */
const PREPARATION = /tenement serve|^export|^mkdir|^echo .*>|^redis-server|^rabbitmq|^versitygw|s3 mb/;

/** Serves a config below `examples`, with the variables of an administrator. */
export async function serveExample(
  config: string,
  env: Readonly<Record<string, string>>,
  onFinished: OnFinished,
): Promise<TestServer> {
  const server = new TestServer(temporaryDirectory(), join(EXAMPLES, config), []);
  onFinished(() => server.dispose());
  server.env = { PATH, ...env };
  await server.start();
  return server;
}

/** Runs the commands of a README, but for those that prepare what the test has prepared, and compares what they print. */
export async function follow(
  readme: string,
  server: TestServer,
  names: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const shell = new PageShell(server, names, { PATH, ...env });
  const steps = stepsOf(readme).filter(({ command }) => !PREPARATION.test(command));
  expect(steps.length).toBeGreaterThan(6);
  for (const step of steps) await shell.expect(step);
}

export interface Rotation {
  readonly instance: string;
  readonly secret: string;
  readonly ask: () => Promise<Answer>;
}

/** Rotates a secret twice under load. @returns how often each status was answered, and failed connections */
export async function rotateUnderLoad(server: TestServer, { instance, secret, ask }: Rotation) {
  const load = constantLoad(3, ask);
  const [, tenantId = ''] = instance.split(':');
  for (const version of [2, 3]) {
    await load.more(ENOUGH);
    const { pid } = await server.instance(instance);
    const rotated = await server.cli('secret', 'rotate', tenantId, secret);
    expect(rotated).toMatchObject({ status: 0, stdout: `${secret} of ${tenantId} has version ${version}\n` });
    await expect.poll(async () => (await server.instance(instance)).pid).not.toBe(pid);
    await load.more(ENOUGH);
  }
  const { answers, failures } = await load.end();
  const counts = Object.entries(Object.groupBy(answers, ({ status }) => status));
  return { statuses: Object.fromEntries(counts.map(([status, all = []]) => [status, all.length])), failures };
}

/** Settles when the hook has measured. @returns the names of the meters in the tenant's usage */
export async function meters(server: TestServer, tenantId: string): Promise<readonly string[]> {
  const names = async (): Promise<readonly string[]> => {
    const [row] = JSON.parse((await server.cli('usage', tenantId, '--json')).stdout);
    return Object.keys(row?.meters ?? {});
  };
  await expect.poll(names).not.toEqual([]);
  return names();
}

/** Runs Python with an instance's variables. @returns the last line that it prints */
export async function inside(server: TestServer, instance: string, script: string): Promise<string> {
  const words = ['exec', '-c', server.configFile, instance, '--', '/usr/bin/python3', '-c', script];
  const { stdout, stderr } = await tenement(words, { XDG_RUNTIME_DIR: server.dir });
  return `${stdout}${stderr}`.trim().split('\n').at(-1) ?? '';
}
