/** Access control: the bearer token or the session's cookie, and the checks that exclude pages of other sites. */
import type { FastifyRequest } from 'fastify';
import { tokenActor } from '../../core/access/actor.ts';
import type { TokenCheck, TokenStore } from '../../core/stores/token-store.ts';
import { TenementError } from '../../errors.ts';
import { type Access, LOCAL, UNKNOWN, withoutToken } from './access.ts';
import { type HostPort, isOwnHost, isOwnOrigin } from './own-host.ts';
import { type Reached, reached } from './reached.ts';
import { type CookieSite, sessionIn } from './session-cookie.ts';

/**
 * `control-socket`: a caller that can open the socket file may do anything. `token`: a bearer token or a session is
 * required. `none`: a caller that reaches the address may do anything; the config restricts this to loopback.
 */
export type Trust = 'control-socket' | 'token' | 'none';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Changes state although its method is GET. */
    changesState?: boolean;
  }
  interface FastifyRequest {
    /** Set before any route's own code runs. */
    reached: Reached;
  }
}

export interface GuardOptions {
  readonly trust: Trust;
  readonly tokens: Pick<TokenStore, 'check' | 'checkSession'>;
  /** Addresses that the API listens on, under each known name; filled when it listens. Unused on the control socket. */
  readonly ownAddresses: readonly HostPort[];
  /** Whether `X-Forwarded-*` of a peer are believed. */
  isTrusted(peer: string): boolean;
}

const BEARER = /^Bearer +(?<token>[\x21-\x7e]+) *$/i;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const FOREIGN_SITES = new Set(['cross-site', 'same-site']);

/**
 * Creates the check that runs before each route. Returns who asks.
 * @throws {TenementError} from the check: `forbidden_origin`, `unauthorized`
 */
export function createGuard(options: GuardOptions): (request: FastifyRequest) => Access {
  return (request) => {
    const { permission, changesState } = request.routeOptions.config;
    const changes = changesState === true || !SAFE_METHODS.has(request.method);
    request.reached = reached(request, options.isTrusted);
    if (permission === 'open' && !changes) return UNKNOWN;
    if (options.trust !== 'control-socket') assertOwnHost(request, options.ownAddresses);
    if (changes) assertNoForeignPage(request, 'may not change anything here');
    if (permission === 'open') return UNKNOWN;
    if (options.trust === 'control-socket') return LOCAL;
    const { address } = request.reached;
    return options.trust === 'none' ? withoutToken(address) : authenticated(request, options, changes);
  };
}

/** Returns how cookies of this request's client are named. */
export function cookieSite({ reached: { isSecure }, socket }: FastifyRequest): CookieSite {
  return { isSecure, port: socket.localPort ?? 0 };
}

/** Applies to reads, too: with DNS rebinding a page could otherwise read every tenant's output. */
function assertOwnHost(request: FastifyRequest, own: readonly HostPort[]): void {
  const header = request.headers.host;
  if (own.some((address) => isOwnHost(header, address))) return;
  throw new TenementError('forbidden_origin', `the API does not answer to the Host ${JSON.stringify(header ?? '')}`);
}

function assertNoForeignPage({ headers, reached: { host, isSecure } }: FastifyRequest, refused: string): void {
  const { origin } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, host, isSecure)) {
    throw new TenementError('forbidden_origin', `a page of ${JSON.stringify(origin)} ${refused}`);
  }
  const site = headers['sec-fetch-site'];
  if (typeof site === 'string' && FOREIGN_SITES.has(site)) {
    throw new TenementError('forbidden_origin', `a ${site} request ${refused}`);
  }
}

function authenticated(request: FastifyRequest, { tokens }: GuardOptions, changes: boolean): Access {
  const { authorization, cookie } = request.headers;
  const secret = authorization === undefined ? sessionIn(cookie, cookieSite(request)) : null;
  return secret === null ? byToken(request, tokens) : bySession(secret, request, tokens, changes);
}

function byToken({ headers, reached: { address } }: FastifyRequest, tokens: Pick<TokenStore, 'check'>): Access {
  const text = BEARER.exec(headers.authorization ?? '')?.groups?.['token'];
  if (text === undefined) throw new TenementError('unauthorized', 'the request carries no bearer token');
  const check = tokens.check(text);
  if (!check.ok) throw notValid(check);
  return { actor: tokenActor(check.token, address), grants: check.token, token: check.token };
}

/** A browser sends the cookie by itself, so a page of another site gets nothing with it, not even a stream. */
function bySession(
  secret: string,
  request: FastifyRequest,
  tokens: Pick<TokenStore, 'checkSession'>,
  changes: boolean,
): Access {
  assertNoForeignPage(request, 'may not use a session of the dashboard');
  if (changes) assertOwnPage(request);
  const session = tokens.checkSession(secret);
  if (session === null)
    throw new TenementError('unauthorized', 'the session is over', { hint: 'Run `tenement ui` for a new one.' });
  return { actor: tokenActor(session, request.reached.address), grants: session, token: session };
}

/** Each browser says where a request that changes something comes from. */
function assertOwnPage({ headers }: FastifyRequest): void {
  if (headers.origin !== undefined || headers['sec-fetch-site'] === 'same-origin') return;
  throw new TenementError(
    'forbidden_origin',
    'with a session, a change needs the Origin of the page that asks for it',
    {
      hint: 'Programs use a token: `Authorization: Bearer TOKEN`.',
    },
  );
}

function notValid(check: Exclude<TokenCheck, { ok: true }>): TenementError {
  switch (check.why) {
    case 'mistyped':
      return unauthorized('is mistyped or cut off: its checksum is wrong', 'Copy it again, from `ten_` to its end.');
    case 'expired':
      return unauthorized(
        `expired at ${new Date(check.expiresAtMs).toISOString()}`,
        'An operator makes another with `tenement token create`.',
      );
    case 'unknown':
      return new TenementError('unauthorized', 'the bearer token is not valid');
  }
}

function unauthorized(what: string, hint: string): TenementError {
  return new TenementError('unauthorized', `the bearer token ${what}`, { hint });
}
