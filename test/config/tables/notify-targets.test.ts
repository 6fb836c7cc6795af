import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diffConfigs } from '../../../src/core/lifecycle/reconcile.ts';
import { configsWith } from '../written-config.ts';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}\n`;

const { load, problems } = configsWith(SECRET);
const table = (keys: string, events = 'events = ["*"]') => `[[notify]]\n${events}\n${keys}\n`;

test('a table becomes a target, with its URL in the normal form', () => {
  const { dir, config } = load(
    `${table('url = "HTTPS://Hooks.Example.com:443/a b#part"\nsecret_file = "good"')}
    ${table('url = "http://10.0.0.1/"\nallow_private = true', 'events = ["failed", "ready", "failed"]')}`,
    true,
  );
  expect(config.notify).toEqual([
    { url: 'https://hooks.example.com/a%20b', events: null, secretFile: join(dir, 'good'), allowPrivate: false },
    { url: 'http://10.0.0.1/', events: ['failed', 'ready'], secretFile: null, allowPrivate: true },
  ]);
  expect(config.warnings).toEqual([
    'notify: messages to http://10.0.0.1/ are not signed, so anybody can forge them; set secret_file',
  ]);
  expect(load('').config.notify).toEqual([]);
});

test('a change of a table takes effect at once', () => {
  const was = load('').config;
  expect(diffConfigs(was, { ...was, notify: load(table('url = "https://a.example/"')).config.notify }).live).toEqual([
    'notify',
  ]);
});

const WRONG: readonly (readonly [what: string, tables: string, problem: string | RegExp])[] = [
  ['no URL', table(''), '3: notify.0.url: missing: expected a string in quotes'],
  [
    'text for a URL',
    table('url = "hooks"'),
    '5: notify.0.url: expected a URL like "https://hooks.example.com/tenement"',
  ],
  ['another scheme', table('url = "ftp://a.example/"'), /^5: notify.0.url: expected a URL/],
  ['a password in a URL', table('url = "https://u:p@a.example/"'), /^5: notify.0.url: a user name or password/],
  ['a URL that is too long', table(`url = "https://a.example/${'x'.repeat(2000)}"`), '5: notify.0.url: is too long'],
  ['a misspelt event', table('url = "https://a.example/"', 'events = ["faild"]'), /"faild"; did you mean "failed"\?$/],
  ['an event about notifications', table('url = "https://a.example/"', 'events = ["notify-dropped"]'), /known are/],
  ['no event', table('url = "https://a.example/"', 'events = []'), '4: notify.0.events: is empty'],
  ['text for events', table('url = "https://a.example/"', 'events = "*"'), /events: expected a list in \[ \]/],
  [
    'a misspelt key',
    table('url = "https://a.example/"\nsecretfile = "x"'),
    /unknown key, did you mean "secret_file"\?$/,
  ],
  ['a table that is no list', '[notify]\nurl = "https://a.example/"\n', /^3: notify: expected a list/],
  ['localhost', table('url = "http://localhost:80/"'), /localhost is this machine; .* allow_private = true$/],
  ['a name below localhost', table('url = "http://a.localhost./"'), /a\.localhost\. is this machine/],
  ['a private address', table('url = "http://10.1.2.3/"'), /10\.1\.2\.3 is a private address/],
  ['a private address in disguise', table('url = "http://0x7f000001/"'), /127\.0\.0\.1 is this machine/],
  ['the metadata of a cloud', table('url = "http://169.254.169.254/"'), /is a link-local address/],
  ['loopback of IPv6', table('url = "http://[::1]:1/"'), /::1 is this machine/],
  ['a mapped address', table('url = "http://[::ffff:127.0.0.1]/"'), /is a loopback address/],
  ['a URL twice', table('url = "https://a.example"').repeat(2), /^8: notify\.1\.url: another \[\[notify\]\] has/],
  [
    'too many',
    Array.from({ length: 17 }, (_, i) => table(`url = "https://a.example/${i}"`)).join(''),
    /at most 16 tables, but this is 17$/,
  ],
];

for (const [what, tables, problem] of WRONG)
  test(`${what} is refused with line, key and remedy`, () => {
    expect(problems(tables)).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)]);
  });

test('a secret file is checked for a server, and not for commands of users who may not read it', () => {
  const withFile = (file: string) => table(`url = "https://a.example/"\nsecret_file = "${file}"`);
  for (const [file, problem] of [
    ['missing', /there is no such file$/],
    ['open', /its mode 0644 gives other users access; run: chmod 600$/],
    ['short', /line 1 is not whsec_ followed by base64$/],
    ['.', /it is not a regular file$/],
  ] as const) {
    expect(problems(withFile(file), true)).toEqual([expect.stringMatching(/^6: notify\.0\.secret_file: \//)]);
    expect(problems(withFile(file), true)[0]).toMatch(problem);
    expect(problems(withFile(file), true)[0]).not.toContain('hunter2');
    expect(problems(withFile(file))).toEqual([]);
  }
});

test('the secret is hidden from tenants: it may not lie in a directory that one may write', () => {
  const walled =
    '\n[service.b]\ncommand = "node"\nisolation = "namespace"\nworkdir = "/"\nread_write_paths = ["shared"]\n';
  const tables = table('url = "https://a.example/"\nsecret_file = "shared/secret"');
  expect(problems(`${walled}${tables}`)).toEqual([
    expect.stringMatching(/may not write in .*shared\/secret lies in it/),
  ]);
  const inTenant = table('url = "https://a.example/"\nsecret_file = "data/acme/secret"');
  expect(problems(`${walled.replace('["shared"]', '[]')}${inTenant}`)).toEqual([
    expect.stringMatching(/secret_file: .*would lie in the directory of a tenant "acme"/),
  ]);
});
