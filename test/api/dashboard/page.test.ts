import { expect, it } from 'vitest';
import { type Answer, type Call, runningApi, runningOnSocket } from '../running.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'accept-encoding': 'gzip, deflate, br, zstd' };

const page = async (headers: Record<string, string> = {}) => {
  const { call } = await runningApi('token');
  return call('/', { headers });
};

function directives({ headers }: Answer): Map<string, string> {
  const text = String(headers['content-security-policy']);
  return new Map(text.split('; ').map((part) => [part.split(' ')[0] ?? '', part.split(' ').slice(1).join(' ')]));
}

it('answers a browser with the page, without a token', async () => {
  const answer = await page({ accept: BROWSER.accept });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer.text).toContain('<title>tenement</title>');
});

it('answers curl, which accepts anything, with the page', async () => {
  expect((await page({ accept: '*/*' })).status).toBe(200);
});

it.each(['application/json', 'application/problem+json, application/json;q=0.9'])(
  'answers a client that asks for %s as before there was a page',
  async (accept) => {
    const answer = await page({ accept });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'not_found', detail: 'there is no GET /' });
  },
);

it('allows the page its own scripts and styles and nothing else', async () => {
  const answer = await page(BROWSER);
  const policy = directives(answer);
  expect(policy.get('default-src')).toBe("'none'");
  expect(policy.get('script-src')).toBe("'self'");
  expect(policy.get('frame-ancestors')).toBe("'none'");
  expect(policy.get('base-uri')).toBe("'none'");
  expect([...policy.values()].join(' ')).not.toMatch(/unsafe|\*|data:|https?:/);
  expect(answer.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'x-frame-options': 'DENY',
  });
});

async function assetsOf(call: (path: string, options?: Call) => Promise<Answer>): Promise<string[]> {
  const { text } = await call('/');
  return [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].flatMap(([, path]) => path ?? []);
}

it('serves every file that the page names, for ever, under a name with its hash', async () => {
  const { call } = await runningApi('token');
  const assets = await assetsOf(call);
  expect(assets.length).toBeGreaterThanOrEqual(2);
  for (const path of assets) {
    const { status, headers } = await call(path);
    expect([path, status]).toEqual([path, 200]);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-type']).toMatch(/^(text\/(javascript|css)|image\/svg\+xml)/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  }
});

it.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['*', 'br'],
  ['identity', undefined],
  ['', undefined],
])('answers Accept-Encoding: %s with the form %s', async (accepted, expected) => {
  const { url } = await runningApi('token');
  const answer = await rawly(`${url}/`, { 'accept-encoding': accepted });
  expect(answer.headers.get('content-encoding') ?? undefined).toBe(expected);
  expect(answer.headers.get('vary')).toContain('Accept-Encoding');
});

/** `fetch` decompresses; what it got on the way is what the header says. */
async function rawly(url: string, headers: Record<string, string>): Promise<Response> {
  const answer = await fetch(url, { headers });
  expect(await answer.text()).toContain('<title>tenement</title>');
  return answer;
}

it('gives each form a tag of its own, and sends nothing to a client that has it', async () => {
  const tags = new Set<string>();
  for (const encoding of ['br', 'gzip', 'identity']) {
    const { call } = await runningApi('token');
    const first = await call('/', { headers: { 'accept-encoding': encoding } });
    const etag = String(first.headers.etag);
    tags.add(etag);
    const again = await call('/', { headers: { 'accept-encoding': encoding, 'if-none-match': `"other", W/${etag}` } });
    expect([again.status, again.text]).toEqual([304, '']);
    expect(again.headers.etag).toBe(etag);
  }
  expect(tags.size).toBe(3);
});

it('answers HEAD like GET, without a body', async () => {
  const { call } = await runningApi('token');
  const [asset = ''] = await assetsOf(call);
  for (const path of ['/', asset]) {
    const get = await call(path);
    const head = await call(path, { method: 'HEAD' });
    expect([path, head.status, head.text]).toEqual([path, 200, '']);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.headers.etag).toBe(get.headers.etag);
  }
});

it.each([
  '/assets/none.js',
  '/assets/..%2findex.html',
  '/assets/..%2f..%2f..%2fpackage.json',
  '/assets/%2e%2e%2flicenses.md',
  '/index.html',
  '/licenses.md',
  '/favicon.ico',
])('answers %s with 404, as what never existed', async (path) => {
  const { call } = await runningApi('none');
  const answer = await call(path, { headers: BROWSER });
  expect([answer.status, JSON.parse(answer.text).code]).toEqual([404, 'not_found']);
  expect(answer.headers['cache-control']).toBeUndefined();
});

it('has no page on the control socket', async () => {
  const { call } = await runningOnSocket();
  expect((await call('/', { headers: { accept: 'text/html' } })).status).toBe(404);
});
