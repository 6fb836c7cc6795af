/** What the answers to requests across tenants show. */
import { describe, expect, it } from 'vitest';
import type { WebAnswer } from '../../../../src/core/verify/web/capture.ts';
import { crossingsOf, judgeCrossing } from '../../../../src/core/verify/web/crossing.ts';
import type { Place } from '../../../../src/core/verify/web/place.ts';
import { type ProbeRequest, parseProbe } from '../../../../src/core/verify/web/probe-file.ts';
import { Session } from '../../../../src/core/verify/web/session.ts';

const TEXT = `# @plant
# @token auth = json token
# @id note = json id
POST /notes

{{canary}}
### read
GET /notes/{{note}}?as={{tenant}}
Authorization: Bearer {{auth}}
### undo
# @undo
DELETE /notes/{{note}}
`;
const probe = parseProbe(TEXT, 'probe.http');
const [plant, read] = probe.requests as [ProbeRequest, ProbeRequest, ProbeRequest];

const ok = (body: string): WebAnswer => ({ status: 200, headers: [], body });
const status = (code: number, body = ''): WebAnswer => ({ ...ok(body), status: code });

const placeAt = (host: string): Place => ({
  ...{ kind: 'host', host, scheme: 'http', prefix: '', header: null, localAddress: null, socketPath: null },
});

function sessionOf(tenant: string, id: string, place: Partial<Place> = {}): Session {
  const start = { tenant, canary: `canary-of-${tenant}`, variables: new Map(), env: new Map() };
  const session = new Session({ ...start, place: { ...placeAt(`${tenant}.example.com`), ...place } });
  const headers = [['set-cookie', `sid=session-of-${tenant}; Path=/`]] as const;
  session.learn(plant, { status: 200, headers, body: JSON.stringify({ token: `token-of-${tenant}`, id }) });
  return session;
}

const acme = () => sessionOf('acme', 'note-of-acme');
const globex = () => sessionOf('globex', 'note-of-globex');

function judged(at: number, answers: { crossing: WebAnswer; own?: WebAnswer; anonymous?: WebAnswer }) {
  const [from, to] = [acme(), globex()];
  const crossing = crossingsOf(read, from, to)[at];
  if (crossing === undefined) throw new Error('there is no such crossing');
  return judgeCrossing(crossing, from, to, { own: ok('canary-of-acme'), anonymous: status(401), ...answers });
}

describe('crossingsOf', () => {
  it("sends one's cookies and tokens to the other's host, and the other's ids and name to one's own", () => {
    const sent = crossingsOf(read, acme(), globex()).map(({ at, request: { path, headers } }) => [
      at.place.host,
      path,
      ...headers.map((header) => header.join('=')),
    ]);
    const credentials = ['Authorization=Bearer token-of-acme', 'cookie=sid=session-of-acme'];
    expect(sent).toEqual([
      ['globex.example.com', '/notes/note-of-acme?as=acme', ...credentials],
      ['globex.example.com', '/notes/note-of-globex?as=acme', ...credentials],
      ['acme.example.com', '/notes/note-of-globex?as=acme', ...credentials],
      [
        'acme.example.com',
        '/notes/note-of-acme?as=acme',
        ...credentials,
        'X-Tenant-Id=globex',
        'X-Forwarded-Host=globex.example.com',
      ],
    ]);
  });

  it("sends nothing to the other's place where only the other's token leads there", () => {
    const [from, to] = [sessionOf('acme', 'note-of-acme', { kind: 'jwt' }), sessionOf('globex', '2', { kind: 'jwt' })];
    expect(crossingsOf(read, from, to).map(({ attempted: { what } }) => what)).toEqual([
      "GET /notes/{{note}}?as={{tenant}} at one's own token with its ids",
      "GET /notes/{{note}}?as={{tenant}} at one's own token in its name (X-Tenant-Id)",
    ]);
  });

  it('sends neither tokens nor cookies as nobody', () => {
    expect(globex().renderAnonymous(read)).toMatchObject({ path: '/notes/note-of-globex?as=globex', headers: [] });
  });
});

describe('judgeCrossing', () => {
  it.each([0, 1, 2, 3])("takes the other's canary for a leak, wherever it comes (%i)", (at) => {
    expect(judged(at, { crossing: status(404, '<p>canary-of-globex</p>') })).toMatchObject({
      result: 'leak',
      detail: 'answered 404 with the canary of globex',
    });
  });

  it("takes the other's token in a header for a leak", () => {
    const crossing = { ...ok(''), headers: [['x-next', 'token-of-globex']] as const };
    expect(judged(2, { crossing })).toMatchObject({ result: 'leak', detail: expect.stringContaining('token') });
  });

  it('does not take what the request itself said for a leak', () => {
    expect(judged(1, { crossing: status(404, 'no /notes/note-of-globex') })).toMatchObject({ result: 'refused' });
  });

  it("takes one's own canary at the other's host for a leak", () => {
    expect(judged(0, { crossing: ok('canary-of-acme') })).toMatchObject({
      result: 'leak',
      detail: 'answered 200 with the canary of acme',
    });
  });

  it("takes a session that the other accepts for a leak, even if the answer shows nothing of the other's", () => {
    expect(judged(0, { crossing: ok('welcome') })).toMatchObject({
      result: 'leak',
      detail: 'accepted (200), where without them it is refused (401)',
    });
    expect(judged(0, { crossing: ok('welcome'), anonymous: ok('welcome') })).toMatchObject({ result: 'refused' });
  });

  it('learns nothing from what the other shows to everybody', () => {
    const shown = ok('canary-of-globex');
    expect(judged(0, { crossing: shown, anonymous: shown })).toMatchObject({ result: 'not_tried' });
    expect(judged(2, { crossing: shown, anonymous: shown })).toMatchObject({ result: 'leak' });
  });

  it('ignores short ids, and values that both have', () => {
    const [from, to] = [sessionOf('acme', '1'), sessionOf('globex', '2')];
    expect(to.marks(from)).toEqual(['canary-of-globex', 'session-of-globex', 'token-of-globex']);
    from.learn(plant, ok('{"token": "the same for both", "id": 1}'));
    to.learn(plant, ok('{"token": "the same for both", "id": 2}'));
    expect(to.marks(from)).not.toContain('the same for both');
  });
});

describe('Session', () => {
  it('fills no placeholder that a tenant has sent', () => {
    const start = {
      tenant: 'acme',
      place: placeAt('h'),
      canary: 'c',
      variables: new Map(),
      env: new Map([['env.PW', 'secret']]),
    };
    const session = new Session(start);
    session.learn(plant, ok('{"token": "{{env.PW}}", "id": "{{canary}}"}'));
    const { path, headers } = session.render(read);
    expect([path, headers]).toEqual(['/notes/{{canary}}?as=acme', [['Authorization', 'Bearer {{env.PW}}']]]);
  });

  it('names what an answer lacks, and forgets cookies that it removes', () => {
    const session = acme();
    expect(session.learn(plant, { ...ok('{}'), headers: [['set-cookie', 'sid=; Max-Age=0']] })).toEqual([
      'auth',
      'note',
    ]);
    expect(session.render(read).headers).toEqual([['Authorization', 'Bearer token-of-acme']]);
  });
});
