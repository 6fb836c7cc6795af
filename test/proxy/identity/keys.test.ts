/** Which requests wait for keys and signatures, and which do not. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KeyFeed } from '../../../src/core/identity/key-feed.ts';
import { RefusalCounts } from '../../../src/core/identity/refusal-counts.ts';
import { TokenVerifier } from '../../../src/proxy/routing/tokens/token-verifier.ts';
import { Bench, echo, readAll } from '../support.ts';
import {
  AUDIENCE,
  FakeKeys,
  goodClaims,
  hmacToken,
  ISSUER,
  newKey,
  nowS,
  publicJwk,
  sourcesOf,
  tokenOf,
} from './support.ts';

const RULES = { issuers: [ISSUER], audiences: [AUDIENCE], cookie: null, claims: ['tenant_id'] };
const KEY = newKey('k1');
const NEW = newKey('k2');
const ACME = { tenantId: 'acme' };

afterEach(() => {
  vi.useRealTimers();
});

const verifierOf = (keys: KeyFeed) => new TokenVerifier(keys, RULES);

describe('a verified token', () => {
  it('is answered in the same step from then on', async () => {
    const verifier = verifierOf(new FakeKeys({ publicKeys: [publicJwk(KEY)] }));
    const token = tokenOf(KEY);
    const first = verifier.verify(token);
    expect(first).toBeInstanceOf(Promise);
    // Those of a page come at once, and cost one verification.
    expect(verifier.verify(token)).toBe(first);
    expect(await first).toEqual(ACME);
    expect(verifier.verify(token)).toEqual(ACME);
  });

  it('is verified again when its time is over', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const verifier = verifierOf(new FakeKeys({ publicKeys: [publicJwk(KEY)] }));
    const token = tokenOf(KEY, goodClaims({ exp: nowS() + 10 }));
    await verifier.verify(token);
    vi.setSystemTime(Date.now() + 69_000);
    expect(verifier.verify(token)).toEqual(ACME);
    vi.setSystemTime(Date.now() + 2000);
    expect(await verifier.verify(token)).toMatchObject({ refused: 'bad_token', why: 'expired' });
  });

  it('is verified again with other keys, and refused when its key was taken back', async () => {
    const keys = new FakeKeys({ publicKeys: [publicJwk(KEY), publicJwk(NEW)] });
    const verifier = verifierOf(keys);
    const token = tokenOf(KEY);
    await verifier.verify(token);
    keys.set({ publicKeys: [publicJwk(NEW)] });
    expect(await verifier.verify(token)).toMatchObject({ why: 'unknown-key' });
  });

  it('is forgotten when a reload looks for other claims', async () => {
    const verifier = verifierOf(new FakeKeys({ publicKeys: [publicJwk(KEY)] }));
    const token = tokenOf(KEY, goodClaims({ org: 'globex' }));
    await verifier.verify(token);
    verifier.apply({ ...RULES, claims: ['org'] });
    expect(await verifier.verify(token)).toEqual({ tenantId: 'globex' });
  });

  it('does not need the issuer', async () => {
    const keys = new FakeKeys({ publicKeys: [publicJwk(KEY)] });
    keys.onRefresh = () => new Promise(() => {});
    const verifier = verifierOf(keys);
    expect(await verifier.verify(tokenOf(KEY))).toEqual(ACME);
    expect(keys.refreshes).toBe(0);
  });
});

describe('an unknown key', () => {
  it('is looked for at the issuer, and its token is served if it is there', async () => {
    const keys = new FakeKeys({ publicKeys: [publicJwk(KEY)] });
    keys.onRefresh = () => keys.set({ publicKeys: [publicJwk(NEW), publicJwk(KEY)] });
    const verifier = verifierOf(keys);
    expect(await verifier.verify(tokenOf(NEW))).toEqual(ACME);
    expect(keys.refreshes).toBe(1);
  });

  it('is waited for five seconds at most', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const keys = new FakeKeys({ publicKeys: [publicJwk(KEY)] });
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    keys.onRefresh = () => {
      resolve();
      return new Promise(() => {});
    };
    const said = verifierOf(keys).verify(tokenOf(NEW));
    await asked;
    await turn();
    vi.advanceTimersByTime(5000);
    expect(await said).toMatchObject({ refused: 'bad_token', why: 'unknown-key' });
  });

  it('of a token that names none is looked for among all, and at the issuer if none fits', async () => {
    const old = newKey();
    const other = newKey();
    const fresh = newKey();
    const keys = new FakeKeys({ publicKeys: [publicJwk(old), publicJwk(other)] });
    const verifier = verifierOf(keys);
    expect(await verifier.verify(tokenOf(other))).toEqual(ACME);
    keys.onRefresh = () => keys.set({ publicKeys: [publicJwk(fresh)] });
    expect(await verifier.verify(tokenOf(fresh))).toEqual(ACME);
    expect(keys.refreshes).toBe(1);
  });

  it('is not looked for when the token could not be good with any key', async () => {
    const keys = new FakeKeys({ publicKeys: [publicJwk(KEY)] });
    const verifier = verifierOf(keys);
    const imitation = newKey('k1');
    for (const token of [
      tokenOf(imitation),
      hmacToken('x', { kid: 'k9' }),
      'a.b.c',
      tokenOf(KEY, goodClaims({ exp: 1 })),
    ])
      expect(await verifier.verify(token)).toMatchObject({ refused: 'bad_token' });
    expect(keys.refreshes).toBe(0);
  });

  it.each([{}, { kid: 'any' }])('of a secret that was replaced is read again: %j', async (header) => {
    const keys = new FakeKeys({ secrets: ['the first of two secrets, long enough'] });
    keys.onRefresh = () => keys.set({ secrets: ['the second of two secrets, long enough'] });
    const said = await verifierOf(keys).verify(hmacToken('the second of two secrets, long enough', header));
    expect(said).toEqual(ACME);
  });

  it('before the first keys were loaded is waited for', async () => {
    const keys = new FakeKeys({});
    keys.onRefresh = () => keys.set({ publicKeys: [publicJwk(KEY)] });
    expect(await verifierOf(keys).verify(tokenOf(KEY))).toEqual(ACME);
  });
});

describe('at the proxy, while a token is checked', () => {
  async function open() {
    const keys = new FakeKeys({ publicKeys: [publicJwk(KEY)] });
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
    const { promise: loaded, resolve: load } = Promise.withResolvers<void>();
    keys.onRefresh = async () => {
      onAsked();
      await loaded;
      keys.set({ publicKeys: [publicJwk(KEY), publicJwk(NEW)] });
    };
    const bench = await Bench.open(
      [],
      {},
      {
        sources: sourcesOf(['jwt:tenant_id']),
        identity: { keys, refusals: new RefusalCounts() },
      },
    );
    await bench.app('web:acme', echo);
    return { bench, asked, load };
  }

  it('the body of a request waits with its client, and is passed on whole', async () => {
    const { bench, asked, load } = await open();
    const body = 'x'.repeat(300_000);
    const answer = bench.fetch(
      { method: 'POST', headers: { host: 'x', authorization: `Bearer ${tokenOf(NEW)}` } },
      body,
    );
    await asked;
    load();
    expect(JSON.parse((await answer).body).body).toBe(body);
    await bench.close();
  });

  it('a client that leaves is forgotten, and no instance is woken for it', async () => {
    const { bench, asked, load } = await open();
    const socket = await bench.socket();
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf(NEW)}\r\n\r\n`);
    await asked;
    socket.resetAndDestroy();
    const other = () => bench.fetch({ headers: { host: 'x', authorization: `Bearer ${tokenOf(KEY)}` } });
    // By its answer, the proxy has seen that the client is gone.
    expect((await other()).status).toBe(200);
    load();
    expect([(await other()).status, bench.source.requesters.length]).toEqual([200, 2]);
    await bench.close();
  });

  it('an upgrade waits, too', async () => {
    const { bench, asked, load } = await open();
    const app = await bench.app('web:acme', echo);
    app.on('upgrade', (request, socket) => {
      socket.end(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n${request.headers['x-tenant-id']}`,
      );
    });
    const socket = await bench.socket();
    const token = `Authorization: Bearer ${tokenOf(NEW)}`;
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n${token}\r\n\r\n`);
    await asked;
    load();
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\nacme$/);
    await bench.close();
  });

  it('an upgrade with a bad token is refused with a challenge', async () => {
    const { bench } = await open();
    const text = await bench.raw(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\nAuthorization: Bearer x\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 401 [\s\S]*WWW-Authenticate: Bearer error="invalid_token"/);
    await bench.close();
  });
});
