/** Access control: the bearer token, and the checks that exclude pages of other sites. */
import type { FastifyRequest } from 'fastify';
import type { TokenStore } from '../../core/stores/token-store.ts';
import { TenementError } from '../../errors.ts';
import { type HostPort, isOwnHost, isOwnOrigin } from './own-host.ts';

/**
 * `control-socket`: a caller that can open the socket file may do anything. `token`: a bearer token is required.
 * `none`: a caller that reaches the address may do anything; the config restricts this to loopback.
 */
export type Trust = 'control-socket' | 'token' | 'none';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Requires no token, and accepts any Host. */
    open?: boolean;
    /** Changes state although its method is GET. */
    changesState?: boolean;
  }
}

export interface GuardOptions {
  readonly trust: Trust;
  readonly tokens: TokenStore;
  /** Addresses that the API listens on, under each known name; filled when it listens. Unused on the control socket. */
  readonly ownAddresses: readonly HostPort[];
}

const BEARER = /^Bearer +(?<token>[\x21-\x7e]+) *$/i;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const FOREIGN_SITES = new Set(['cross-site', 'same-site']);

/**
 * Creates the check that runs before each route. @throws {TenementError} from the check: `forbidden_origin`,
 * `unauthorized`
 */
export function createGuard(options: GuardOptions): (request: FastifyRequest) => void {
  return (request) => {
    const config = request.routeOptions.config;
    if (config.open === true) return;
    if (options.trust !== 'control-socket') assertOwnHost(request, options.ownAddresses);
    if (config.changesState === true || !SAFE_METHODS.has(request.method)) assertSameOrigin(request);
    if (options.trust === 'token') assertToken(request, options.tokens);
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

function assertToken(request: FastifyRequest, tokens: TokenStore): void {
  const token = BEARER.exec(request.headers.authorization ?? '')?.groups?.['token'];
  if (token === undefined) throw new TenementError('unauthorized', 'the request carries no bearer token');
  if (!tokens.verify(token)) throw new TenementError('unauthorized', 'the bearer token is not valid');
}
