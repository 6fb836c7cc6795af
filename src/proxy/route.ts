/** From a request to the instance that it is for. */
import type { InstanceName } from '../core/instance.ts';
import { candidates, normalizeHost, type RoutingTable } from '../core/routing.ts';
import type { ErrorCode } from '../errors.ts';
import { hasAmbiguousLength, valuesOf } from './headers.ts';

export interface Route {
  readonly instance: InstanceName;
  /** In origin form. */
  readonly path: string;
  /** As received. */
  readonly host: string;
}

export type Routed = Route | { readonly refused: ErrorCode };

export interface RequestHead {
  readonly url: string;
  readonly rawHeaders: readonly string[];
}

export function routeRequest(head: RequestHead, table: RoutingTable, has: (instance: InstanceName) => boolean): Routed {
  const hosts = valuesOf(head.rawHeaders, 'host');
  const [host] = hosts;
  // RFC 9112 §3.2: a request without a Host, with two, or with an invalid one is answered with 400.
  if (host === undefined || hosts.length > 1) return { refused: 'bad_host' };
  const name = normalizeHost(host);
  if (name === null) return { refused: 'bad_host' };
  if (hasAmbiguousLength(head.rawHeaders)) return { refused: 'bad_request' };
  const path = originForm(head.url, host);
  if (path === null) return { refused: 'bad_request' };
  const instance = candidates(name, table).find(has);
  return instance === undefined ? { refused: 'unknown_tenant' } : { instance, path, host };
}

/** `/path`, `*`, or an absolute URL whose authority is the Host; null when it is not. */
function originForm(target: string, host: string): string | null {
  if (target.startsWith('/') || target === '*') return target;
  const match = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
  if (match?.[1]?.toLowerCase() !== host.toLowerCase()) return null;
  const rest = match[2] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
