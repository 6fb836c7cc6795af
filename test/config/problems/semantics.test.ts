/** Checks beyond the schema, by the problem that each gives for a whole config. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { TenementError } from '../../../src/errors.ts';

/** Returns `KEY: MESSAGE` of each problem; empty when the config is valid. */
function problemsOf(toml: string): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, toml);
  try {
    loadConfig(file, { env: {}, uid: 0 });
    return [];
  } catch (error) {
    if (!(error instanceof TenementError)) throw error;
    return [error.message, ...error.details].map((line) => line.replace(/^.*?tenement\.toml(?::\d+:\d+)?: /, ''));
  }
}

const service = (keys = '', name = 'api', command = '["app"]') => `[service.${name}]\ncommand = ${command}\n${keys}\n`;

describe('the listeners', () => {
  const listeners = (proxy: string, api: string) =>
    `${service()}[proxy]\nlisten = "${proxy}"\n[api]\nlisten = "${api}"\n`;

  it.each([
    ['one address', '127.0.0.1:9000', '127.0.0.1:9000'],
    ['every address and one of them', '0.0.0.0:9000', '127.0.0.1:9000'],
    ['one address and every one', '127.0.0.1:9000', '0.0.0.0:9000'],
    ['every IPv6 address and one of them', '[::]:9000', '[::1]:9000'],
  ])('cannot share a port of %s', (_name, proxy, api) => {
    expect(problemsOf(listeners(proxy, api))).toEqual([
      "api.listen: port 9000 is also the proxy's; give one of them another port",
    ]);
  });

  it.each([
    ['with different addresses', '127.0.0.1:9000', '127.0.0.2:9000'],
    ['when the system chooses both', '127.0.0.1:0', '127.0.0.1:0'],
  ])('may have the same port %s', (_name, proxy, api) => {
    expect(problemsOf(listeners(proxy, api))).toEqual([]);
  });

  it.each(['127.0.0.1', '[::1]'])('of the API may go without tokens on %s', (host) => {
    expect(problemsOf(`${service()}[api]\nlisten = "${host}:9000"\nauth = "none"\n`)).toEqual([]);
  });

  it.each(['0.0.0.0', '192.0.2.1', '[::]'])('of the API need tokens on %s', (host) => {
    expect(problemsOf(`${service()}[api]\nlisten = "${host}:9000"\nauth = "none"\n`)).toEqual([
      'api.auth: "none" is refused unless api.listen is a loopback address',
    ]);
  });
});

describe('a name of a service', () => {
  it.each([
    ['[instances]', '[instances]\napo = ["acme"]', 'instances.apo'],
    ['[proxy] default_service', '[proxy]\ndefault_service = "apo"', 'proxy.default_service'],
  ])('must exist in %s', (_name, table, key) => {
    expect(problemsOf(`${service()}${table}\n`)).toEqual([`${key}: there is no service "apo", did you mean "api"?`]);
  });

  it('that resembles no other gets no suggestion', () => {
    expect(problemsOf(`${service()}[proxy]\ndefault_service = "warehouse"\n`)).toEqual([
      'proxy.default_service: there is no service "warehouse"',
    ]);
  });
});

describe('a template', () => {
  const TENANT_DIR = '{tenant_dir} is not a template variable here';

  it.each([
    ['command', service('', 'api', '["app", "{nothing}"]')],
    ['workdir', service('workdir = "/srv/{nothing}"')],
    ['health_host', service('health_host = "{nothing}"')],
    ['env.A', service('env = { A = "{nothing}" }')],
    ['socket', service('socket = "/srv/{id}-{nothing}.sock"')],
  ])('with an unknown variable is refused in %s', (key, toml) => {
    expect(problemsOf(toml)).toEqual([
      expect.stringMatching(`^service.api.${key}: {nothing} is not a template variable`),
    ]);
  });

  it.each(['host', 'url', 'plan', 'port'])('of a socket cannot use {%s}', (name) => {
    expect(problemsOf(service(`socket = "/srv/{id}-{${name}}.sock"`))).toEqual([
      expect.stringMatching(`^service.api.socket: {${name}}`),
    ]);
  });

  it('of a health check cannot use {tenant_dir}', () => {
    expect(problemsOf(service('health_host = "{tenant_dir}"'))).toEqual([expect.stringContaining(TENANT_DIR)]);
  });

  it.each(['host', 'url'])('cannot use {%s} without a domain', (name) => {
    const toml = `${service(`env = { A = "{${name}}" }`)}[proxy]\ndomain = "*"\n`;
    expect(problemsOf(toml)).toEqual([`service.api.env.A: {${name}} needs a [proxy] domain other than "*"`]);
  });

  it('of a command may use {port} only with listen = "port"', () => {
    const words = '["app", "{port}"]';
    expect(problemsOf(service('listen = "port"', 'api', words))).toEqual([]);
    expect(problemsOf(service('', 'api', words))).toEqual([expect.stringContaining('{port} needs listen = "port"')]);
  });
});

describe('the sockets of a service', () => {
  it.each(['/srv/run/{id}.sock', '{tenant_dir}/s.sock'])('may be at %s', (socket) => {
    expect(problemsOf(service(`socket = "${socket}"`))).toEqual([]);
  });

  it('must differ between tenants', () => {
    expect(problemsOf(service('socket = "/srv/app.sock"'))).toEqual([
      'service.api.socket: must contain {id}, or every tenant would have the same socket',
    ]);
  });

  it('must differ from those of another service', () => {
    const keys = 'socket = "/srv/{id}.sock"';
    expect(problemsOf(`${service(keys)}${service(keys, 'web')}`)).toEqual([
      'service.web.socket: the same socket path as service.api, /srv/x.sock',
    ]);
  });

  it('do not matter for a service that listens on a port', () => {
    const keys = 'socket = "/srv/{id}.sock"';
    expect(problemsOf(`${service(keys)}${service(`${keys}\nlisten = "port"`, 'web')}`)).toEqual([]);
  });

  it('must be short enough for the listed instances', () => {
    const keys = `socket = "/srv/${'d'.repeat(40)}/{id}.sock"`;
    const id = 'a'.repeat(60);
    expect(problemsOf(service(keys))).toEqual([]);
    expect(problemsOf(`${service(keys)}[instances]\napi = ["${id}"]\n`)).toEqual([
      expect.stringMatching(/^service.api.socket: socket path of \d+ bytes, over the 107 of a Unix socket/),
    ]);
  });

  it('must leave room for the longer path that the process binds', () => {
    // The public path has 97 bytes, the bound one more than 107.
    const keys = `socket = "/srv/${'d'.repeat(85)}/{id}.sock"`;
    expect(problemsOf(service(keys))).toEqual([expect.stringMatching(/socket path of 1\d\d bytes, over the 107/)]);
  });
});

describe('isolation = "process"', () => {
  it.each([
    ['network', 'network = "none"'],
    ['read_only_paths', 'read_only_paths = []'],
    ['read_write_paths', 'read_write_paths = ["/srv/shared"]'],
    ['tmp_limit_mb', 'tmp_limit_mb = 5'],
    ['sockets', 'sockets = ["/run/db.sock"]'],
  ])('refuses %s', (key, keys) => {
    expect(problemsOf(service(keys))).toEqual([expect.stringMatching(`^service.api.${key}: .*needs isolation`)]);
  });
});

describe('isolation = "sandbox"', () => {
  it('refuses sockets of the host, to which gVisor connects as root', () => {
    expect(problemsOf(service('isolation = "sandbox"\nsockets = ["/run/db.sock"]'))).toEqual([
      expect.stringContaining('gVisor connects as root'),
    ]);
  });
});

describe('public_socket', () => {
  const plan = (keys: string) => `[plan.free]\n${keys}\n`;

  it.each([
    ['rate', 'rate = "20/s"'],
    ['quota.requests', 'quota = { awake = "1h/day", requests = "1000/month" }'],
    ['quota.egress', 'quota = { egress = "1GB/month" }'],
  ])('cannot be direct while a plan has %s', (key, keys) => {
    expect(problemsOf(service('public_socket = "direct"') + plan(keys))).toEqual([
      `service.api.public_socket: plan "free" has ${key}, which holds only if every request passes the proxy; write public_socket = "proxied", or leave public_socket out`,
    ]);
    for (const mode of ['auto', 'proxied']) {
      expect(problemsOf(service(`public_socket = "${mode}"`) + plan(keys))).toEqual([]);
    }
  });

  it('may be direct under plans that bound no request', () => {
    const bounds = plan('max_connections = 10\nquota = { cpu = "1h/day", awake = "5h/day" }');
    expect(problemsOf(service('public_socket = "direct"') + bounds)).toEqual([]);
  });

  it.each(['direct', 'proxied'])('cannot be %s without a socket', (mode) => {
    expect(problemsOf(service(`listen = "port"\npublic_socket = "${mode}"`))).toEqual([
      'service.api.public_socket: with listen = "port" there is no public socket; leave public_socket out',
    ]);
  });
});

describe('secrets', () => {
  const misplaced =
    '{secret.KEY} may stand only in env: every user of the machine may read a command line. The application finds the ' +
    'secret in the file $SECRETS_DIR/KEY, and with secrets_env = ["KEY"] in the variable KEY';

  it('may be variables, parts of variables, and generated', () => {
    const keys =
      'secrets_env = ["KEY"]\nenv.DB = "db://{secret.PASSWORD}@h/{id}"\nsecrets.KEY = { generate = "hex:32" }';
    expect(problemsOf(`${service(keys)}[plan.free.env]\nA = "{secret.A}"`)).toEqual([]);
  });

  it.each([
    ['command', service('', 'api', '["app", "--key={secret.KEY}"]')],
    ['workdir', service('workdir = "/srv/{secret.KEY}"')],
    ['socket', service('socket = "/run/{id}-{secret.KEY}.sock"')],
    ['health_host', service('health_host = "{secret.KEY}"')],
    ['read_only_paths', service('isolation = "namespace"\nread_only_paths = ["/srv/{secret.KEY}"]')],
  ])('cannot stand in %s', (key, toml) => {
    expect(problemsOf(toml)).toContain(`service.api.${key}: ${misplaced}`);
  });

  it.each([
    ['env.A = "{secret.LD_X}"', 'env.A: the name LD_X is reserved, and cannot name a secret'],
    [
      'env.A = "{secret.a b}"',
      'env.A: the name of a secret consists of letters, digits and _, and begins with no digit',
    ],
    [
      'env.LD_A = "{secret.KEY}"',
      'env.LD_A: LD_A is set on a command line, which every user may read: it cannot hold a secret',
    ],
    ['secrets_env = ["PATH"]', 'secrets_env.0: the name PATH is reserved, and cannot name a secret'],
    ['secrets_env = ["KEY"]\nenv.KEY = "x"', 'env.KEY: secrets_env sets the variable, too; remove one of them'],
    ['secrets.PORT = { generate = "uuid" }', 'secrets.PORT: the name PORT is reserved, and cannot name a secret'],
  ])('%s is refused', (keys, problem) => {
    expect(problemsOf(service(keys))).toEqual([`service.api.${problem}`]);
  });

  it.each(['hex', 'hex:7', 'hex:1025', 'hex:-8', 'hex:8.5', 'uuid:4', 'md5:32', '', 'hex:32 '])(
    'are not generated by %j',
    (generate) => {
      expect(problemsOf(service(`secrets.KEY = { generate = "${generate}" }`))).toEqual([
        'service.api.secrets.KEY.generate: expected "uuid", or "hex:N", "base64:N" or "alnum:N" with N from 8 to 1024, like "hex:32"',
      ]);
    },
  );

  it('have one generator for all services of a tenant', () => {
    const of = (name: string, generate: string) => service(`secrets.KEY = { generate = "${generate}" }`, name);
    const defaultService = '[proxy]\ndefault_service = "api"\n';
    expect(problemsOf(of('api', 'hex:32') + of('web', 'hex:32') + defaultService)).toEqual([]);
    expect(problemsOf(of('api', 'hex:32') + of('web', 'hex:16') + defaultService)).toEqual([
      'service.web.secrets.KEY.generate: service.api generates it in another way, and a tenant has one KEY for all its services',
    ]);
  });
});
