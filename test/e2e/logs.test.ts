import { expect, test } from 'vitest';
import { serve } from './support.ts';

const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

test('logs -f continues over sleep, wake and a restart of the server, with each line once', async () => {
  const server = await serve(`${APP}[instances]\napp = ["acme"]\n`);
  const follower = server.follow('logs', 'app:acme', '-f');
  const print = async (text: string) => {
    await server.get('acme.localhost', `/print?text=${text}`);
    await follower.line(new RegExp(` out ${text}$`));
  };
  await print('one');
  await server.cli('sleep', 'app:acme');
  await print('two');
  await server.stop('SIGKILL');
  await follower.errorLine(/the server has ended; waiting for the next one/);
  await server.start();
  await print('three');
  await server.stop('SIGINT');
  await server.start();
  await print('four');
  expect(follower.lines.map((line) => line.split(' ').at(-1))).toEqual(['one', 'two', 'three', 'four']);
});

test('logs -f ends when the instance is unregistered', async () => {
  const server = await serve(`${APP}[instances]\napp = ["acme"]\n`);
  const follower = server.follow('logs', 'app:acme', '-f');
  await server.get('acme.localhost', '/print?text=one');
  await follower.line(/one$/);
  await server.cli('rm', 'app:acme');
  expect(await follower.ended).toBe(1);
});

test('logs can be read while the server does not run', async () => {
  const server = await serve(`${APP}[instances]\napp = ["acme"]\n`);
  await server.get('acme.localhost', '/print?text=one');
  await server.get('acme.localhost', '/print?text=two');
  await server.stop();
  const { stdout, status } = await server.cli('logs', 'app:acme', '-n', '1');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\S+ out two\n$/);
  expect((await server.cli('logs', 'app:nobody')).stderr).toContain('(unknown_tenant)');
});
