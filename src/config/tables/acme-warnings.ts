/** Says what in `[tls.acme]` is accepted and does less, or more, than it seems to. */
import { parseListenAddress } from '../address.ts';
import type { ConfigInput } from '../schema.ts';

export function acmeWarnings({ tls, proxy }: Pick<ConfigInput, 'tls' | 'proxy'>): string[] {
  if (tls?.acme === undefined) return [];
  const { acme, listen, public_port: publicPort } = tls;
  const [plain, secure] = [proxy.listen, listen].map((address) => parseListenAddress(address).port);
  const isReached = plain === 80 || (publicPort ?? secure) === 443 || acme.dns_hook !== undefined;
  const isAny = [proxy.domain].flat().includes('*');
  return [
    ...(isReached
      ? []
      : [
          `tls.acme: an authority looks at ports 80 and 443 alone, and [proxy] listens on ${plain}, [tls] on ${secure}; forward one of them (public_port = 443 says that you have)`,
        ]),
    ...(isAny && acme.on_demand
      ? [
          'tls.acme: with [proxy] domain = "*", a certificate is ordered for any host whose leading label is a tenant; name your domains, or set on_demand = false',
        ]
      : []),
  ];
}
