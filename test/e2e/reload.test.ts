import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRunning, serve, type TestServer, writeConfig } from './support.ts';

const service = (name: string, extra = '') =>
  `[service.${name}]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${extra}\n`;
const withLevel = (level: string) => service('app', `env = { LEVEL = "${level}" }`);

async function levelOf(server: TestServer, host: string): Promise<string> {
  return JSON.parse((await server.get(host, '/env')).body).LEVEL;
}

async function reloads(server: TestServer, toml: string): Promise<void> {
  writeConfig(server.configFile, toml);
  await server.event(null, 'reloaded');
}

const plans = (idleTimeout: string) =>
  `[tenants]\ndefault_plan = "free"\n[plan.free]\nidle_timeout = "${idleTimeout}"\n`;

describe('an edited config', () => {
  it('adds services and instances', async () => {
    const server = await serve(`[proxy]\ndefault_service = "app"\n${service('app')}`);
    await reloads(
      server,
      `[proxy]\ndefault_service = "app"\n${service('app')}${service('web')}[instances]\nweb = ["acme"]\n`,
    );
    expect((await server.get('acme.web.localhost')).status).toBe(200);
  });

  it('restarts the instances of a changed service one by one, and no request fails', async () => {
    const server = await serve(`${withLevel('one')}[instances]\napp = ["acme", "globex", "initech"]\n`);
    const hosts = ['acme.localhost', 'globex.localhost', 'initech.localhost'];
    const load = keepAsking(server, hosts);
    await reloads(server, `${withLevel('two')}[instances]\napp = ["acme", "globex", "initech"]\n`);
    for (const host of hosts) await expect.poll(() => levelOf(server, host)).toBe('two');
    const { answered, failed } = await load.end();
    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(0);
  });

  it('is read again by `tenement reload`, which says what has changed or what is wrong', async () => {
    const server = await serve(service('app'));
    const unchanged = await server.cli('reload');
    expect(unchanged.stdout).toBe('nothing has changed since the config was last read\n');
    writeConfig(server.configFile, service('app', 'idle_timeout = 7'));
    // The server also watches the file, so that either may be first.
    expect((await server.cli('reload')).status).toBe(0);
    await server.event(null, 'reloaded');
    writeConfig(server.configFile, service('app', 'idle_timeuot = 7'));
    const refused = await server.cli('reload');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('service.app.idle_timeuot: unknown key, did you mean "idle_timeout"?');
  });

  it('applies to a sleeping instance when it wakes', async () => {
    const server = await serve(withLevel('one'));
    await server.cli('spawn', 'app', '--id', 'acme', '--no-start');
    await reloads(server, withLevel('two'));
    expect((await server.instance('app:acme')).state).toBe('asleep');
    expect(await levelOf(server, 'acme.localhost')).toBe('two');
  });

  it('changes keys that do not concern the process without a restart', async () => {
    const server = await serve(`${service('app')}[instances]\napp = ["acme"]\n`);
    const { pid } = JSON.parse((await server.get('acme.localhost')).body);
    await reloads(server, `${service('app', 'idle_timeout = 1')}[instances]\napp = ["acme"]\n`);
    await server.event('app:acme', 'slept');
    expect(isRunning(pid)).toBe(false);
  });

  it('drains and ends a removed service, whose data stay, and which can come back', async () => {
    const both = `[proxy]\ndefault_service = "app"\n${service('app')}${service('web')}`;
    const server = await serve(both);
    await server.cli('spawn', 'web', '--id', 'acme');
    const { pid } = JSON.parse((await server.get('acme.web.localhost')).body);
    await reloads(server, service('app'));
    await expect.poll(() => isRunning(pid)).toBe(false);
    await expect.poll(async () => (await server.get('acme.web.localhost')).status).toBe(404);
    expect(existsSync(join(server.dataDir, 'acme'))).toBe(true);
    writeConfig(server.configFile, both);
    await expect.poll(async () => (await server.get('acme.web.localhost')).status).toBe(200);
  });

  it('that is bad changes nothing, says why, and leaves commands working', async () => {
    const server = await serve(`${service('app')}[instances]\napp = ["acme"]\n`);
    const { pid } = JSON.parse((await server.get('acme.localhost')).body);
    writeConfig(server.configFile, `${service('app', 'idle_timeuot = 3')}`);
    await server.event(null, 'reload-failed');
    const { stdout } = await server.cli('events');
    expect(stdout).toMatch(/reload-failed .*tenement\.toml:\d+:\d+: service\.app\.idle_timeuot.*idle_timeout/);
    expect(JSON.parse((await server.get('acme.localhost')).body).pid).toBe(pid);
    expect((await server.cli('ps')).status).toBe(0);
  });

  it('whose new command does not start stops at the first instance; the others keep their process', async () => {
    const server = await serve(`backoff_base_ms = 60000\n${service('app')}[instances]\napp = ["acme", "globex"]\n`);
    expect((await server.get('acme.localhost')).status).toBe(200);
    const { pid } = JSON.parse((await server.get('globex.localhost')).body);
    writeConfig(
      server.configFile,
      'backoff_base_ms = 60000\n[service.app]\ncommand = "node {fixtures}/exits-at-once.mjs"\n[instances]\napp = ["acme", "globex"]\n',
    );
    await server.event('app:acme', 'rollout-halted');
    expect(JSON.parse((await server.get('globex.localhost')).body).pid).toBe(pid);
  });

  it('is shown by check --diff before it is taken over, and taken over on SIGHUP', async () => {
    const server = await serve(`${withLevel('one')}${plans('1m')}[instances]\napp = ["acme"]\n`);
    const nothing = await server.cli('check', '--diff');
    expect(nothing.stdout).toContain('the running server would change nothing');
    const staged = join(server.dir, 'staged.toml');
    writeConfig(staged, `${withLevel('two')}${service('web')}${plans('2m')}[proxy]\ndefault_service = "app"\n`);
    const { stdout, status } = await server.cliFor(staged, 'check', '--diff');
    expect(status).toBe(0);
    expect(stdout).toContain('would change: service web: new');
    expect(stdout).toContain('would change: plan free: changed; 1 tenant has it');
    expect(stdout).toContain('would change: service app: env changed; running, restarted one by one: 1');
    process.kill(server.pid, 'SIGHUP');
    expect((await server.get('acme.localhost')).status).toBe(200);
  });
});

/** Requests all hosts repeatedly until told to stop. */
function keepAsking(server: TestServer, hosts: readonly string[]) {
  let going = true;
  let answered = 0;
  const failed: string[] = [];
  const ask = async (host: string) => {
    while (going) {
      const { status } = await server.get(host).catch((error) => ({ status: String(error) }));
      answered += 1;
      if (status !== 200) failed.push(`${host}: ${status}`);
    }
  };
  const all = Promise.all(hosts.map(ask));
  return {
    end: async () => {
      going = false;
      await all;
      return { answered, failed };
    },
  };
}
