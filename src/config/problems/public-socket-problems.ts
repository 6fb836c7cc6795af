/** Problems with `public_socket`: a socket that does not exist, or that a plan does not allow to be direct. */
import { proxyKeyOf } from '../../core/quota/quota-policy.ts';
import type { Config } from '../../core/service/service.ts';
import type { ConfigInput } from '../schema.ts';
import type { Problem } from './problems.ts';

export function publicSocketProblems(input: ConfigInput, { plans }: Config): Problem[] {
  const [reason] = [...plans.values()].flatMap((plan) => {
    const key = proxyKeyOf(plan);
    return key === null ? [] : [`plan "${plan.name}" has ${key}`];
  });
  return Object.entries(input.service).flatMap(([name, { public_socket: asked, listen }]) => {
    const path = ['service', name, 'public_socket'];
    if (asked !== 'auto' && listen === 'port') return [{ path, message: NO_SOCKET }];
    if (asked !== 'direct' || reason === undefined) return [];
    return [{ path, message: `${reason}, which ${NEEDS_PROXY}` }];
  });
}

const NO_SOCKET = 'with listen = "port" there is no public socket; leave public_socket out';
const NEEDS_PROXY =
  'holds only if every request passes the proxy; write public_socket = "proxied", or leave public_socket out';
