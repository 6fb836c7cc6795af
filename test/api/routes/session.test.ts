import { describe, expect, it } from 'vitest';
import { runningApi, runningOnSocket } from '../running.ts';

const FRONT = { isTrusted: (peer: string) => peer === '127.0.0.1' };

async function started(options: Parameters<typeof runningApi>[2] = {}) {
  const running = await runningApi('token', '127.0.0.1', options);
  const { call, tokenStore, url } = running;
  const linkOf = async (token: string, headers: Record<string, string> = {}) => {
    const authorization = `Bearer ${token}`;
    return call('/api/session/link', { method: 'POST', headers: { authorization, ...headers } });
  };
  const logIn = async (code: string, headers: Record<string, string> = {}) => {
    return call(`/login?code=${encodeURIComponent(code)}`, { headers });
  };
  /** Logs in with a token of its own. */
  const session = async (scope = 'admin', can = ['read', 'operate', 'manage']) => {
    const made = await tokenStore.make({ scope, can });
    const answer = await logIn(JSON.parse((await linkOf(made.token)).text).code);
    const [setCookie = ''] = answer.headers['set-cookie'] ?? [];
    const cookie = setCookie.split(';')[0] ?? '';
    const own = { cookie, origin: url, 'sec-fetch-site': 'same-origin' };
    return { made, answer, setCookie, cookie, own };
  };
  return { ...running, linkOf, logIn, session };
}

describe('a link', () => {
  it('logs in once, with the scope and abilities of its token', async () => {
    const { session, call, port } = await started();
    const { answer, setCookie, own } = await session('tenant:acme', ['read', 'operate']);
    expect(setCookie).toMatch(
      new RegExp(
        `^tenement_session_${port}=\\S+; HttpOnly; SameSite=Strict; Path=/; Max-Age=6047\\d\\d$|Max-Age=604800$`,
      ),
    );
    expect([answer.status, answer.headers.location]).toEqual([303, '/']);
    const view = { name: 'ci', scope: 'tenant:acme', can: ['read', 'operate'], version: '1.2.3', plans: [] };
    expect(JSON.parse((await call('/api/session', { headers: own })).text)).toMatchObject(view);
    expect((await call('/api/notify', { headers: own })).status).toBe(403);
  });

  it('says who has logged in', async () => {
    const { session, events } = await started();
    await session();
    expect(events.list({})).toMatchObject([{ type: 'logged-in', actor: 'ci (dashboard)', address: '127.0.0.1' }]);
  });

  it('does not log in a second time', async () => {
    const { tokenStore, linkOf, logIn } = await started();
    const { token } = await tokenStore.make();
    const { code } = JSON.parse((await linkOf(token)).text);
    expect((await logIn(code)).status).toBe(303);
    const again = await logIn(code);
    expect([again.status, again.headers['set-cookie']]).toEqual([401, undefined]);
    expect(JSON.parse(again.text)).toMatchObject({
      code: 'unauthorized',
      hint: expect.stringContaining('tenement ui'),
    });
  });

  it('that is not valid leads a browser to the page, which says what to do, and a program to the problem', async () => {
    const { logIn } = await started();
    const answer = await logIn('wrong', { accept: 'text/html,*/*' });
    expect([answer.status, answer.headers['content-type']]).toEqual([401, expect.stringContaining('text/html')]);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect((await logIn('wrong')).headers['content-type']).toContain('application/problem+json');
  });

  it('does not log in once its token is revoked', async () => {
    const { tokenStore, linkOf, logIn } = await started();
    const { token, id } = await tokenStore.make();
    const { code } = JSON.parse((await linkOf(token)).text);
    await tokenStore.revoke(id);
    expect((await logIn(code)).status).toBe(401);
  });

  it('is not made for a caller without a token, nor by a session', async () => {
    const { call, session } = await started();
    expect((await call('/api/session/link', { method: 'POST' })).status).toBe(401);
    const { own } = await session();
    expect((await call('/api/session/link', { method: 'POST', headers: own })).status).toBe(403);
  });

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-dest': 'image' },
    { 'sec-fetch-dest': 'empty' },
    { 'sec-purpose': 'prefetch;prerender' },
    { purpose: 'prefetch' },
  ])('is not used up by a page, nor by a browser that reads ahead (%j)', async (headers) => {
    const { tokenStore, linkOf, logIn, call } = await started();
    const { code } = JSON.parse((await linkOf((await tokenStore.make()).token)).text);
    const refused = await logIn(code, headers);
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([403, 'forbidden_origin']);
    expect((await call(`/login?code=${code}`, { method: 'HEAD' })).status).toBe(401);
    expect((await logIn(code)).status).toBe(303);
  });

  it('of the control socket is for everything, and says where the API listens', async () => {
    const { call } = await runningOnSocket();
    const answer = await call('/api/session/link', { method: 'POST' });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(JSON.parse(answer.text)).toEqual({
      url: 'http://127.0.0.1:8000/',
      code: expect.stringMatching(/^[\w-]{24}$/),
      expiresAt: expect.any(String),
    });
    expect(JSON.parse((await call('/api/session')).text)).toMatchObject({
      name: 'cli',
      scope: 'admin',
      expiresAt: null,
    });
  });

  it('is refused after many wrong codes, but not a right one', async () => {
    const { tokenStore, linkOf, logIn } = await started();
    const { code } = JSON.parse((await linkOf((await tokenStore.make()).token)).text);
    const statuses = [];
    for (let count = 0; count < 22; count += 1) statuses.push((await logIn(`wrong-${count}`)).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    expect((await logIn(code)).status).toBe(303);
  });
});

describe('a session', () => {
  it('does with its cookie what its token may, under its name', async () => {
    const { session, call, supervisor } = await started();
    const { own } = await session();
    await supervisor.spawn('api', 'acme');
    expect((await call('/api/instances', { headers: own })).status).toBe(200);
    expect((await call('/api/instances/api:acme/stop', { method: 'POST', headers: own })).status).toBe(200);
    expect(supervisor.actors.at(-1)).toMatchObject({ name: 'ci (dashboard)', address: '127.0.0.1' });
  });

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { host: 'evil.example' },
  ])('gives a page of another site (%j) nothing, neither data nor streams', async (foreign) => {
    const { session, call, supervisor } = await started();
    const { cookie } = await session();
    const headers = { cookie, ...foreign };
    for (const path of ['/api/instances', '/api/events', '/api/dashboard', '/api/dashboard/changes', '/metrics']) {
      const answer = await call(path, { headers: { ...headers, accept: 'text/event-stream' } });
      expect([path, answer.status, JSON.parse(answer.text).code]).toEqual([path, 403, 'forbidden_origin']);
    }
    const change = await call('/api/instances/api:acme/stop', { method: 'POST', headers });
    expect(change.status).toBe(403);
    expect(supervisor.calls).toEqual([]);
  });

  it('changes nothing without the Origin of its page, which every browser sends', async () => {
    const { session, call, supervisor } = await started();
    const { cookie } = await session();
    await supervisor.spawn('api', 'acme');
    const stop = (headers: Record<string, string>) =>
      call('/api/instances/api:acme/stop', { method: 'POST', headers: { cookie, ...headers } });
    expect((await stop({})).status).toBe(403);
    expect((await call('/spawn/api/--id=evil', { headers: { cookie } })).status).toBe(403);
    expect((await stop({ 'sec-fetch-site': 'none' })).status).toBe(403);
    expect((await stop({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it('is no bearer token, and a token is no session', async () => {
    const { session, call, port } = await started();
    const { cookie, made } = await session();
    const secret = cookie.slice(cookie.indexOf('=') + 1);
    expect((await call('/api/instances', { headers: { authorization: `Bearer ${secret}` } })).status).toBe(401);
    const forged = `tenement_session_${port}=${made.token}`;
    expect((await call('/api/instances', { headers: { cookie: forged } })).status).toBe(401);
  });

  it('ends at logout: the cookie is removed, and of no use to who kept it', async () => {
    const { session, call, events } = await started();
    const { own } = await session();
    const answer = await call('/api/session', { method: 'DELETE', headers: own });
    expect([answer.status, answer.headers['set-cookie']?.[0]]).toEqual([204, expect.stringMatching(/=; .*Max-Age=0/)]);
    const after = await call('/api/session', { headers: own });
    expect([after.status, JSON.parse(after.text).hint]).toEqual([401, expect.stringContaining('tenement ui')]);
    expect(events.list({}).at(-1)).toMatchObject({ type: 'logged-out', actor: 'ci (dashboard)' });
  });

  it('ends with its token, and so do its streams', async () => {
    const { session, url, call, tokenStore } = await started();
    const { own, made } = await session();
    const stream = await fetch(`${url}/api/dashboard/changes`, { headers: { ...own, accept: 'text/event-stream' } });
    await tokenStore.revoke(made.id);
    await expect(stream.text()).rejects.toThrow();
    expect((await call('/api/session', { headers: own })).status).toBe(401);
  });

  it('is listed beside tokens, and revoked like one', async () => {
    const { session, call, tokenStore } = await started();
    const { own } = await session();
    const { token } = await tokenStore.make();
    const headers = { authorization: `Bearer ${token}` };
    const { tokens } = JSON.parse((await call('/api/tokens', { headers })).text);
    const [listed] = tokens.filter((one: { session: boolean }) => one.session);
    expect(listed).toMatchObject({ name: 'ci (dashboard)', scope: 'admin' });
    await call(`/api/tokens/${listed.id}`, { method: 'DELETE', headers });
    expect((await call('/api/session', { headers: own })).status).toBe(401);
  });

  it('gives way to a bearer token that is sent with it', async () => {
    const { session, call, tokenStore } = await started();
    const { cookie } = await session('tenant:acme');
    const { token } = await tokenStore.make({ name: 'root', scope: 'admin' });
    const answer = await call('/api/session', { headers: { cookie, authorization: `Bearer ${token}` } });
    expect(JSON.parse(answer.text)).toMatchObject({ name: 'root', scope: 'admin' });
  });

  it.each(['', '=', ';;;', 'tenement_session_1=x', 'x'.repeat(10_000), 'a=b; c'])(
    'is none with the Cookie header %j',
    async (cookie) => {
      const { call } = await started();
      expect((await call('/api/session', { headers: { cookie } })).status).toBe(401);
    },
  );
});

describe('behind a front server with TLS', () => {
  const forwarded = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'ops.example.com',
    'x-forwarded-for': '192.0.2.9',
  };
  const page = { ...forwarded, origin: 'https://ops.example.com', 'sec-fetch-site': 'same-origin' };

  it('has a cookie for TLS alone, and answers its own page', async () => {
    const { tokenStore, linkOf, logIn, call, port, events } = await started(FRONT);
    const { code } = JSON.parse((await linkOf((await tokenStore.make()).token)).text);
    const [setCookie = ''] = (await logIn(code, forwarded)).headers['set-cookie'] ?? [];
    expect(setCookie).toMatch(new RegExp(`^__Host-tenement_session_${port}=.*; Secure$`));
    expect(events.list({})).toMatchObject([{ type: 'logged-in', address: '192.0.2.9' }]);
    const cookie = setCookie.split(';')[0] ?? '';
    const status = async (headers: object, method = 'GET') =>
      (await call('/api/session', { method, headers: { cookie, ...headers } })).status;
    expect(await status(page)).toBe(200);
    expect(await status({ ...page, origin: 'http://ops.example.com' })).toBe(403);
    expect(await status({ ...page, origin: 'https://evil.example' })).toBe(403);
    expect(await status(page, 'DELETE')).toBe(204);
  });

  it('believes no peer that is not trusted', async () => {
    const { tokenStore, linkOf, logIn } = await started();
    const { code } = JSON.parse((await linkOf((await tokenStore.make()).token)).text);
    const [setCookie = ''] = (await logIn(code, forwarded)).headers['set-cookie'] ?? [];
    expect(setCookie).not.toMatch(/Secure|__Host/);
  });
});

it('without tokens, everybody has a session, and a link needs no code', async () => {
  const { call } = await runningApi('none');
  expect(JSON.parse((await call('/api/session')).text)).toMatchObject({ name: 'anonymous', scope: 'admin' });
});
