import { describe, expect, it } from 'vitest';
import { isRunning, serve, type TestServer, writeConfig } from './support.ts';

const config = (command: string, extra = '') =>
  `max_restarts = 0\n[service.app]\ncommand = "${command}"\nstartup_timeout = "60s"\n${extra}`;
const GOOD = config('node {fixtures}/tenant.mjs');

/** A server whose instance was requested, and fails at once because of its config. */
async function failed(): Promise<TestServer> {
  const server = await serve(config('/bin/false'));
  await server.cli('spawn', 'app', '--id', 'acme');
  await server.event('app:acme', 'failed');
  return server;
}

describe('a corrected config helps', () => {
  it('starts a failed instance at once (bug: 503 for 293 s)', async () => {
    const server = await failed();
    writeConfig(server.configFile, GOOD);
    await server.event(null, 'reloaded');
    expect((await server.get('acme.localhost')).status).toBe(200);
  });

  it('starts a failed instance over a restart of the server', async () => {
    const server = await failed();
    await server.stop();
    writeConfig(server.configFile, GOOD);
    await server.start();
    expect((await server.get('acme.localhost')).status).toBe(200);
  });

  it('serves a request held for a hopeless start (bug: it waited for the end of that start, 59 s)', async () => {
    const server = await serve(config('sleep 1000'));
    await server.cli('spawn', 'app', '--id', 'acme', '--no-start');
    const held = server.get('acme.localhost');
    await expect.poll(async () => (await server.instance('app:acme')).state).toBe('starting');
    writeConfig(server.configFile, GOOD);
    expect((await held).status).toBe(200);
    expect(await server.instance('app:acme')).toMatchObject({ state: 'ready', restarts: 0 });
    const { stdout } = await server.cli('events');
    expect(stdout).not.toContain('startup');
  });
});

it('a reload with a command that is not found is refused, and running instances stay', async () => {
  const server = await serve(GOOD);
  await server.cli('spawn', 'app', '--id', 'acme');
  const { pid } = JSON.parse((await server.get('acme.localhost')).body);
  writeConfig(server.configFile, config('nodd {fixtures}/tenant.mjs'));
  await server.event(null, 'reload-failed');
  expect((await server.cli('events')).stdout).toMatch(/reload-failed .*service\.app\.command: nodd was not found/);
  expect(isRunning(pid)).toBe(true);
  expect(JSON.parse((await server.get('acme.localhost')).body).pid).toBe(pid);
  const check = await server.cli('check');
  expect(check).toMatchObject({ status: 0, stdout: expect.stringContaining('nodd was not found') });
});
