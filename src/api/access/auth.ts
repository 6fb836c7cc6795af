/** Access control: the bearer token, and the checks that exclude pages of other sites. */
import type { FastifyRequest } from 'fastify';
import { tokenActor } from '../../core/access/actor.ts';
import type { TokenCheck, TokenStore } from '../../core/stores/token-store.ts';
import { TenementError } from '../../errors.ts';
import { type Access, LOCAL, UNKNOWN, withoutToken } from './access.ts';
import { type HostPort, isOwnHost, isOwnOrigin } from './own-host.ts';

/**
 * `control-socket`: a caller that can open the socket file may do anything. `token`: a bearer token is required.
 * `none`: a caller that reaches the address may do anything; the config restricts this to loopback.
 */
export type Trust = 'control-socket' | 'token' | 'none';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Changes state although its method is GET. */
    changesState?: boolean;
  }
}

export interface GuardOptions {
  readonly trust: Trust;
  readonly tokens: Pick<TokenStore, 'check'>;
  /** Addresses that the API listens on, under each known name; filled when it listens. Unused on the control socket. */
  readonly ownAddresses: readonly HostPort[];
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
    const config = request.routeOptions.config;
    if (config.permission === 'open') return UNKNOWN;
    if (options.trust !== 'control-socket') assertOwnHost(request, options.ownAddresses);
    if (config.changesState === true || !SAFE_METHODS.has(request.method)) assertSameOrigin(request);
    if (options.trust === 'control-socket') return LOCAL;
    const address = addressOf(request);
    return options.trust === 'none' ? withoutToken(address) : byToken(request, options.tokens, address);
  };
}

/** Applies to reads, too: with DNS rebinding a page could otherwise read every tenant's output. */
function assertOwnHost(request: FastifyRequest, own: readonly HostPort[]): void {
  const header = request.headers.host;
  if (own.some((address) => isOwnHost(header, address))) return;
  throw new TenementError('forbidden_origin', `the API does not answer to the Host ${JSON.stringify(header ?? '')}`);
}

function assertSameOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  if (origin !== undefined && !isOwnOrigin(origin, host)) {
    throw new TenementError('forbidden_origin', `a page of ${JSON.stringify(origin)} may not change anything here`);
  }
  const site = request.headers['sec-fetch-site'];
  if (typeof site === 'string' && FOREIGN_SITES.has(site)) {
    throw new TenementError('forbidden_origin', `a ${site} request may not change anything here`);
  }
}

/** An IPv4 client of a socket for both families has the form ::ffff:192.0.2.1. */
function addressOf({ socket }: FastifyRequest): string | null {
  return socket.remoteAddress?.replace(/^::ffff:(?=[0-9.]+$)/, '') ?? null;
}

function byToken(request: FastifyRequest, tokens: Pick<TokenStore, 'check'>, address: string | null): Access {
  const text = BEARER.exec(request.headers.authorization ?? '')?.groups?.['token'];
  if (text === undefined) throw new TenementError('unauthorized', 'the request carries no bearer token');
  const check = tokens.check(text);
  if (!check.ok) throw notValid(check);
  return { actor: tokenActor(check.token, address), grants: check.token, token: check.token };
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
