import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { TenementError } from '../../src/errors.ts';

function write(toml: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, toml);
  return file;
}

const load = (toml: string) => loadConfig(write(toml), { env: {}, uid: 0 });

function problem(toml: string): string {
  try {
    load(toml);
  } catch (error) {
    if (error instanceof TenementError)
      return `${error.code} ${[error.message, ...error.details].map(withoutFile).join(' | ')}`;
    throw error;
  }
  return 'loaded';
}

/** Without the column of a key or value, which test/cli/commands/check-messages.test.ts shows. */
function withoutFile(line: string): string {
  return line.replace(/^.*tenement\.toml/, '').replace(/^(:\d+):\d+(: [\w.-]+: )/, '$1$2');
}

const SERVICE = '[service.api]\ncommand = "node app.js"\n';

const WALLED = `${SERVICE}isolation = "namespace"\n`;
/** Paths that a tenant must see inside hidden paths, or the other way round. */
const OVERLAPS: [string, string, string][] = [
  [
    'a workdir that is the data directory',
    `${WALLED}[settings]\ndata_dir = "."\n`,
    'service.api.workdir: .* is data_dir',
  ],
  ["a workdir in another tenant's directory", `${WALLED}workdir = "data/shared"\n`, 'workdir: .*lies in data_dir'],
  ['a workdir in the state directory', `${WALLED}workdir = "data/.tenement"\n`, 'workdir: .*lies in data_dir'],
  [
    'a program in the data directory',
    `${WALLED.replace('node', '{data_dir}/bin/node')}`,
    'command: .*lies in data_dir',
  ],
  ['a path to see in the data directory', `${WALLED}read_only_paths = ["/usr", "{data_dir}/x"]\n`, 'lies in data_dir'],
  ['a path to write in that holds the data', `${WALLED}read_write_paths = ["."]\n`, 'may not write in .*data'],
  ['a path to write in that is data of another', `${WALLED}read_write_paths = ["data/x"]\n`, 'lies in data_dir'],
  ["tenement's own socket", `${WALLED}sockets = ["data/.tenement/control.sock"]\n`, 'sockets: .*lies in data_dir'],
  [
    'sockets in the workdir',
    `${WALLED}socket = "./{id}.sock"\n`,
    'service.api.workdir: .* where sockets of all tenants lie',
  ],
  [
    'sockets where a tenant may have its directory',
    `${WALLED}socket = "data/s/{id}.sock"\n`,
    'socket: .* a tenant "s"',
  ],
  [
    'a runtime_dir there',
    `[settings]\nruntime_dir = "data/run"\n${WALLED}`,
    ':2: settings.runtime_dir: .* a tenant "run"',
  ],
];

describe('a good config', () => {
  it('has its defaults filled in, in milliseconds, and its paths absolute', () => {
    const config = load(SERVICE);
    const api = config.services.get('api');
    expect(api).toMatchObject({
      command: ['node', 'app.js'],
      workdir: dirname(config.file),
      idleTimeoutMs: 300_000,
      startupTimeoutMs: 30_000,
    });
    expect(api?.socket).toBe('{runtime_dir}/{service}-{id}.sock');
    expect(config.settings).toMatchObject({
      dataDir: join(dirname(config.file), 'data'),
      runtimeDir: '/run/tenement',
      maxRunning: 100,
    });
    expect(config.proxy).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      domains: ['localhost'],
      defaultService: 'api',
    });
  });

  it.each([
    ['namespace', 0, '', 'dynamic'],
    ['sandbox', 0, '', 'dynamic'],
    ['process', 0, '', null],
    ['namespace', 0, 'user = "root"', 'root'],
    ['namespace', 1000, '', null],
  ])('at %s, run by user %i, with %j, has user %j', (isolation, uid, key, user) => {
    const file = write(`${SERVICE}isolation = "${isolation}"\n${key}\n`);
    expect(loadConfig(file, { env: {}, uid }).services.get('api')?.user).toBe(user);
  });

  it('splits a command as a shell does, without one', () => {
    const config = load(`[service.api]\ncommand = "sh -c 'echo \\"a  b\\"' plain"\n`);
    expect(config.services.get('api')?.command).toEqual(['sh', '-c', 'echo "a  b"', 'plain']);
  });

  it('takes runtime_dir from XDG_RUNTIME_DIR, then /run as root, then the state directory', () => {
    const file = write(SERVICE);
    expect(loadConfig(file, { env: { XDG_RUNTIME_DIR: '/x' }, uid: 0 }).settings.runtimeDir).toBe('/x/tenement');
    expect(loadConfig(file, { env: {}, uid: 1000 }).settings.runtimeDir).toBe(
      join(dirname(file), 'data/.tenement/run'),
    );
  });

  it('takes limits of each kind', () => {
    const limits = 'memory_limit_mb = 64\ncpu_shares = 50\ncpu_limit = 0.5\npids_limit = 5\nnofile_limit = 100\n';
    expect(load(`${SERVICE}${limits}`).services.get('api')).toMatchObject({
      memoryLimitBytes: 64 * 1024 * 1024,
      cpuShares: 50,
      cpuLimit: 0.5,
      pidsLimit: 5,
      nofileLimit: 100,
    });
  });

  it('has no default service while there are two', () => {
    expect(load(`${SERVICE}[service.web]\ncommand = "x"\n`).proxy.defaultService).toBeNull();
  });
});

describe('a bad config is reported with line, key and what was expected', () => {
  it.each<[string, string, string]>([
    ['a syntax error', '[service.api\n', ':1:'],
    [
      'a near miss',
      '[service.api]\ncomand = "x"\ncommand = "y"\n',
      ':2: service.api.comand: unknown key, did you mean "command"?',
    ],
    [
      'a wrong type',
      `${SERVICE}wake_queue = "many"\n`,
      ':3: service.api.wake_queue: expected a number, but this is "many"',
    ],
    ['a bad duration', `${SERVICE}idle_timeout = "5 parsecs"\n`, ':3: service.api.idle_timeout: expected a duration'],
    ['a fraction', `${SERVICE}idle_timeout = 1.5\n`, ':3: service.api.idle_timeout: expected a duration'],
    [
      'a service without a command',
      '[service.api]\nhealth = "/"\n',
      ':1: service.api.command: missing: expected a string or an array of strings',
    ],
    ['an empty command', '[service.api]\ncommand = ""\n', ':2: service.api.command: is empty'],
    ['a command without a word', '[service.api]\ncommand = []\n', ':2: service.api.command: is empty'],
    [
      'a service without a name',
      '[service]\ncommand = "x"\n',
      ':2: service.command: a service has a name: write [service.NAME] above its keys',
    ],
    [
      'a number that is too small',
      `${SERVICE}memory_limit_mb = -5\n`,
      ':3: service.api.memory_limit_mb: expected a whole number from 1 to 1048576, but this is -5',
    ],
    [
      'a number that is too big',
      `${SERVICE}cpu_shares = 10001\n`,
      ':3: service.api.cpu_shares: expected a whole number from 1 to 10000, but this is 10001',
    ],
    [
      'a word that is none of a few',
      `${SERVICE}restart = "maybe"\n`,
      ':3: service.api.restart: expected "on-failure", "always" or "never", but this is "maybe"',
    ],
    ['no service', '[settings]\n', 'service'],
    [
      'an unknown template variable',
      '[service.api]\ncommand = "x {idd}"\n',
      ':2: service.api.command: {idd} is not a template variable here, did you mean {id}?',
    ],
    [
      '{port} on a socket',
      '[service.api]\ncommand = "x {port}"\n',
      ':2: service.api.command: {port} needs listen = "port"',
    ],
    [
      '{url} with any domain',
      `${SERVICE}env = { BASE = "{url}" }\n[proxy]\ndomain = "*"\n`,
      'service.api.env.BASE: {url} needs a [proxy] domain other than "*"',
    ],
    ['an empty file', '', ': no service; add [service.NAME] with a command'],
    [
      'a table in the plural',
      '[services.api]\ncommand = "x"\n',
      ':1: services: unknown table, did you mean [service.NAME]?',
    ],
    ['a name that is none', '[service.Api_v2]\ncommand = "x"\n', 'with no - at either end; for example "api-v2"'],
    [
      'a duration below 0',
      `${SERVICE}idle_timeout = -5\n`,
      ':3: service.api.idle_timeout: expected a duration: 0 or more',
    ],
    ['an unclosed string in single quotes', "[service.api]\ncommand = 'x\n", ':2:13: this string is not closed'],
    ['an unclosed table', '[service.api\ncommand = "x"\n', ':1:13: the ] at the end of this table is missing'],
    ['a key without =', '[service.api]\ncommand "x"\n', ':2:9: a line is a [table], or a key = value'],
    ['an unclosed string', '[service.api]\ncommand = "x\nhealth = "/"\n', ':2:13: this string is not closed'],
    [
      'text without quotes',
      '[service.api]\ncommand = node app.js # it\n',
      'text needs quotes: command = "node app.js"',
    ],
    ['a key twice', `${SERVICE}command = "y"\n`, ':3:1: this key or table is defined twice'],
    ['a key in no table', `data_dir = "x"\n${SERVICE}`, ':1: data_dir: unknown key here; it belongs in [settings]'],
    [
      'a key in another table',
      `${SERVICE}[settings]\nhealth = "/"\n`,
      ':4: settings.health: unknown key here; it belongs in [service.NAME]',
    ],
    [
      'a number in quotes',
      `${SERVICE}memory_limit_mb = "256MB"\n`,
      ':3: service.api.memory_limit_mb: expected a whole number from 1 to 1048576, but this is "256MB"',
    ],
    [
      'one port for both listeners',
      `${SERVICE}[proxy]\nlisten = "0.0.0.0:8000"\n`,
      "api.listen: port 8000 is also the proxy's",
    ],
    ['a lone brace', '[service.api]\ncommand = "x }"\n', 'lone }'],
    ['a socket without {id}', `${SERVICE}socket = "/tmp/api.sock"\n`, ':3: service.api.socket: must contain {id}'],
    [
      'one socket for two services',
      `${SERVICE}socket = "/tmp/{id}.sock"\n[service.web]\ncommand = "x"\nsocket = "/tmp/{id}.sock"\n`,
      'the same socket path as service.api',
    ],
    ['a shell operator', '[service.api]\ncommand = "a | b"\n', '| needs a shell'],
    ['an open quote', `[service.api]\ncommand = "a 'b"\n`, 'a quote is not closed'],
    ['a level of isolation that there is not', `${SERVICE}isolation = "jail"\n`, ':3: service.api.isolation: expected'],
    ['no network without namespaces', `${SERVICE}network = "none"\n`, 'needs isolation = "namespace"'],
    [
      'shared directories without a namespace',
      `${SERVICE}read_write_paths = ["/x"]\n`,
      'needs isolation = "namespace"',
    ],
    ['open sockets without a namespace', `${SERVICE}sockets = ["/x"]\n`, 'needs isolation = "namespace"'],
    ['open sockets in a sandbox', `${SERVICE}isolation = "sandbox"\nsockets = ["/x"]\n`, 'gVisor connects as root'],
    ['a directory in memory without a namespace', `${SERVICE}tmp_limit_mb = 5\n`, 'needs isolation = "namespace"'],
    [
      'a template in a path to see that there is not',
      `${WALLED}read_only_paths = ["/x/{idd}"]\n`,
      '{idd} is not a template variable here, did you mean {id}',
    ],
    [
      'a port without a network',
      `${SERVICE}isolation = "namespace"\nnetwork = "none"\nlisten = "port"\n`,
      'listen = "port" needs a network',
    ],
    [
      'auth none in public',
      `${SERVICE}[api]\nlisten = "0.0.0.0:8000"\nauth = "none"\n`,
      ':5: api.auth: "none" is refused',
    ],
    [
      'instances of no service',
      `${SERVICE}[instances]\napo = ["x"]\n`,
      ':4: instances.apo: there is no service "apo", did you mean "api"?',
    ],
    ['an id that is no label', `${SERVICE}[instances]\napi = ["../x"]\n`, 'instances.api.0: expected a DNS label'],
  ])('%s', (_name, toml, expected) => {
    const found = problem(toml);
    expect(found).toContain('bad_config');
    expect(found).toContain(expected);
  });

  it.each(OVERLAPS)('%s, at namespace', (_name, toml, expected) => {
    expect(problem(toml)).toMatch(/^bad_config/);
    expect(problem(toml)).toMatch(new RegExp(expected));
  });

  it('data and sockets in the workdir are hidden, and no error', () => {
    const toml = `${WALLED}socket = "./sockets/{id}.sock"\n[settings]\nruntime_dir = "run"\n`;
    expect(problem(toml)).toBe('loaded');
  });

  it('a socket path over 107 bytes has a code of its own', () => {
    expect(problem(`${SERVICE}socket = "/tmp/${'x'.repeat(100)}/{id}.sock"\n`)).toMatch(/^socket_path_too_long/);
  });

  it('reports all errors at once', () => {
    const toml =
      '[proxy]\ndefault_service = "apo"\n[service.api]\nrestart = "maybe"\ncommand = "x {idd}"\nsokcet = "s"\n';
    // A misspelt key may be the cause of others. Those of the schema and of the semantic checks are in the file's order.
    expect(problem(toml)).toMatch(/^bad_config :6: .*sokcet.*:2: .*:4: .*restart.*:5: .*\{idd\}/);
  });

  it.each([
    ['a misspelt key that is missed under its name', '[service.api]\ncomand = "x"\n'],
    ['a duration that is none for two reasons', `${SERVICE}idle_timeout = -5\n`],
    ['a table that is none', '[services.api]\ncommand = "x"\n'],
    ['a service that has no name', '[service.Api_v2]\ncommand = "x"\n'],
  ])('says once what is wrong: %s', (_name, toml) => {
    expect(problem(toml)).not.toContain('|');
  });

  it('a missing file', () => {
    expect(() => loadConfig('/nowhere/tenement.toml')).toThrow(expect.objectContaining({ code: 'config_not_found' }));
  });
});

describe('the configs of the guide', () => {
  const GUIDE = `[settings]
data_dir = "/var/lib/myapp"

[service.api]
command = "python app.py"
socket = "/tmp/api-{id}.sock"
health = "/health"
restart = "on-failure"
ISOLATION
idle_timeout = 300              # Auto-stop after 5 mins

[service.api.env]
DATABASE_PATH = "{data_dir}/{id}/app.db"
LOG_LEVEL = "info"
`;

  it('load unchanged', () => {
    const config = load(GUIDE.replace('ISOLATION', 'isolation = "namespace"'));
    expect(config.services.get('api')).toMatchObject({ socket: '/tmp/api-{id}.sock', env: { LOG_LEVEL: 'info' } });
  });
});

describe('any TOML', () => {
  it('is loaded or refused with a TenementError, never anything else', () => {
    const value = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.string().map((text) => JSON.stringify(text)),
      fc.constant('[]'),
      fc.constant('{}'),
    );
    const key = fc.constantFrom(
      'command',
      'idle_timeout',
      'socket',
      'env',
      'listen',
      'health',
      'memory_limit_mb',
      'wake_queue',
      'inherit_env',
      'nonsense',
    );
    const file = write('');
    fc.assert(
      fc.property(fc.dictionary(key, value), (table) => {
        const lines = Object.entries(table).map(([name, text]) => `${name} = ${text}`);
        writeFileSync(file, `[service.api]\n${lines.join('\n')}\n`);
        try {
          loadConfig(file);
          expect(table).not.toHaveProperty('nonsense');
        } catch (error) {
          expect(error).toBeInstanceOf(TenementError);
        }
      }),
    );
  });
});

describe('public_socket', () => {
  const socketOf = (toml: string) => load(toml).services.get('api')?.publicSocket;
  const plan = '[plan.free]\nrate = "20/s"\n';

  it('is direct unless the config says otherwise, or a plan needs every request to pass the proxy', () => {
    expect(socketOf(SERVICE)).toBe('direct');
    expect(socketOf(`${SERVICE}public_socket = "proxied"\n`)).toBe('proxied');
    expect(socketOf(`${SERVICE}${plan}`)).toBe('proxied');
    expect(socketOf(`${SERVICE}[plan.free]\nquota = { cpu = "1h/day" }\n`)).toBe('direct');
    expect(socketOf(`${SERVICE}listen = "port"\n${plan}`)).toBe('direct');
  });
});

describe('plans', () => {
  it('are read with limits in bytes and times in milliseconds, without the keys that they leave out', () => {
    const { plans, tenants } = load(
      `${SERVICE}[tenants]\ndefault_plan = "free"\n[plan.free]\nmemory_limit_mb = 1\nidle_timeout = "1m"\nmax_instances = 2\nfeatures = ["sso"]\ncounters = { users = 3, projects = "unlimited" }\nenv = { SEATS = 3 }\n`,
    );
    expect(tenants.defaultPlan).toBe('free');
    expect(plans.get('free')).toEqual({
      name: 'free',
      limits: { memoryLimitBytes: 1024 ** 2 },
      bounds: { idleTimeoutMs: 60_000 },
      maxInstances: 2,
      policy: null,
      features: ['sso'],
      counters: { users: 3, projects: null },
      env: { SEATS: '3' },
    });
  });

  it('are read with the rate, the connections and the quotas of their tenants', () => {
    const { plans } = load(
      `${SERVICE}[plan.free]\nrate = "20/s burst 40"\nmax_connections = 200\nquota = { requests = "10000/month", egress = "10GB/day" }\nover_quota = "warn"\nquota_grace = "1h"\n`,
    );
    expect(plans.get('free')?.policy).toEqual({
      rate: { requests: 20, perS: 1, burst: 40 },
      maxConnections: 200,
      quotas: [
        { meter: 'requests', limit: 10_000, period: 'month' },
        { meter: 'egress', limit: 10e9, period: 'day' },
      ],
      overQuota: 'warn',
      graceMs: 3_600_000,
    });
  });

  it('know which keys a service leaves out', () => {
    const { services } = load(`${SERVICE}idle_timeout = 300\n`);
    expect(services.get('api')?.defaulted).toContain('wakeQueue');
    expect(services.get('api')?.defaulted).not.toContain('idleTimeoutMs');
  });

  it.each([
    [
      'a default plan that is not there',
      '[tenants]\ndefault_plan = "fre"\n[plan.free]\n',
      'default_plan: there is no plan "fre", did you mean "free"?',
    ],
    [
      'a default plan without plans',
      '[tenants]\ndefault_plan = "free"\n',
      'there is no plan "free"; add \\[plan.free\\]',
    ],
    [
      'a misspelt key',
      '[plan.free]\nmemory_limit = 1\n',
      'plan.free.memory_limit: unknown key, did you mean "memory_limit_mb"?',
    ],
    [
      'a plan without a name',
      '[plan]\nmemory_limit_mb = 1\n',
      'a plan has a name: write \\[plan.NAME\\] above its keys',
    ],
    [
      'a service key without the name of a service',
      '[service]\nidle_timeout = 1\n',
      'a service has a name: write \\[service.NAME\\] above its keys',
    ],
    [
      'a quota of 0',
      '[plan.free]\nquota = { requests = "0/month" }\n',
      'plan.free.quota.requests: expected a quota over 0, but this is "0/month", which would refuse all requests',
    ],
    [
      'a quota for a period that is none',
      '[plan.free]\nquota = { requests = "1000/fortnight" }\n',
      'expected an amount for each "hour", "day" or "month", but this is for each "fortnight"',
    ],
    [
      'a quota of something unknown',
      '[plan.free]\nquota = { request = "1000/day" }\n',
      'plan.free.quota.request: unknown key, did you mean "requests"?',
    ],
    ['a rate of 0', '[plan.free]\nrate = "0/s"\n', 'plan.free.rate: expected a rate of 1 or more, but this is 0'],
    ['a feature with a comma', '[plan.free]\nfeatures = ["a,b"]\n', 'expected a word without spaces and commas'],
    [
      'a template variable that is none',
      '[plan.free]\nenv = { A = "{pln}" }\n',
      'plan.free.env.A: .*did you mean {plan}?',
    ],
    ['a port where a service has none', '[plan.free]\nenv = { A = "{port}" }\n', 'needs listen = "port"'],
    ['no room for an instance', '[plan.free]\nmax_instances = 0\n', 'expected 1 or more, but this is 0'],
  ])('refuse %s', (_what, toml, expected) => {
    expect(problem(`${SERVICE}${toml}`)).toMatch(new RegExp(expected.replaceAll('?', '\\?').replaceAll('{', '\\{')));
  });
});
