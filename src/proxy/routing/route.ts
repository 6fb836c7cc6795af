/** Routes a request to the instance that its host names. */
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import { normalizeHost } from '../../core/routing/host.ts';
import type { RoutingIndex } from '../../core/routing/routing-index.ts';
import type { ErrorCode } from '../../errors.ts';
import { headerValues } from './headers.ts';

export interface Route {
  readonly instance: InstanceName;
  /** In origin form. */
  readonly path: string;
  /** Unchanged. */
  readonly host: string;
  /** What the path named the tenant by, and no longer begins with: `/t/acme`. */
  readonly prefix?: string;
  /** Keys (header-rules.ts) of fields that would name a tenant, from a peer that is not believed. */
  readonly unbelieved?: ReadonlySet<string>;
}

export interface RefusedRoute {
  readonly refused: ErrorCode;
  /** Value of WWW-Authenticate. */
  readonly challenge?: string | undefined;
  /** The request names no tenant, though it could have. */
  readonly isUnnamed?: true;
}

export type Routed = Route | RefusedRoute;

export interface RequestHead {
  readonly url: string;
  readonly rawHeaders: readonly string[];
}

/**
 * Returns the first registered one of the instances that the host may name. @param has whether an instance is
 * registered
 */
export function routeRequest(head: RequestHead, index: RoutingIndex, has: (instance: InstanceName) => boolean): Routed {
  const hosts = headerValues(head.rawHeaders, 'host');
  const [host] = hosts;
  // RFC 9112 §3.2: a request with no Host, with two, or with an invalid one gets 400.
  if (host === undefined || hosts.length > 1) return { refused: 'bad_host' };
  const named = index.named(host);
  if (named === null) return { refused: 'bad_host' };
  const path = pathOf(head.url, host);
  return typeof path === 'string' ? find(named, path, host, has) : path;
}

/** Returns the host and the path in origin form of a request whose tenant something else names. */
export function readTarget(head: RequestHead): Pick<Route, 'host' | 'path'> | RefusedRoute {
  const [host, ...others] = headerValues(head.rawHeaders, 'host');
  if (host === undefined || others.length > 0 || normalizeHost(host) === null) return { refused: 'bad_host' };
  const path = pathOf(head.url, host);
  return typeof path === 'string' ? { host, path } : path;
}

/**
 * Routes a request whose connection names the instance. Its host, which the tenant gets as received, must be valid.
 * @param isRegistered whether the instance is registered
 */
export function routeToInstance(head: RequestHead, instance: InstanceName, isRegistered: boolean): Routed {
  const target = readTarget(head);
  if ('refused' in target) return target;
  return isRegistered ? { instance, ...target } : { refused: 'unknown_tenant' };
}

/** Returns the path in origin form; null for a target that is refused. @param host as received */
export function targetPath(url: string, host: string): string | null {
  const path = pathOf(url, host);
  return typeof path === 'string' ? path : null;
}

function pathOf(url: string, host: string): string | { readonly refused: ErrorCode } {
  if (url.startsWith('/')) return url;
  const target = ABSOLUTE.exec(url);
  // `OPTIONS *` concerns the server and not a tenant; the authority form is not for a reverse proxy.
  if (target === null) return { refused: 'bad_request' };
  // The name that decides the route must be the one that the tenant sees.
  if (target[1]?.toLowerCase() !== host.toLowerCase()) return { refused: 'bad_host' };
  const rest = target[2] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

function find(
  named: readonly InstanceName[],
  path: string,
  host: string,
  has: (instance: InstanceName) => boolean,
): Routed {
  for (const instance of named) if (has(instance)) return { instance, path, host };
  return { refused: 'unknown_tenant' };
}
