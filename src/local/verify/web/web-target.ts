/** Finds out where the requests of a probe go. */
import { isLoopback } from '../../../core/routing/address.ts';
import { commonHostOf, DEFAULT_PORTS, webAddressOf } from '../../../core/routing/web-address.ts';
import { type Config, serviceNamed } from '../../../core/service/service.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import type { Finding } from '../../../core/verify/finding.ts';
import { type Addresses, type Place, placeAt, placeOf, type Scheme } from '../../../core/verify/web/place.ts';
import { placeholdersIn } from '../../../core/verify/web/placeholders.ts';
import { type Probe, textOf } from '../../../core/verify/web/probe-file.ts';
import { TenementError } from '../../../errors.ts';
import { trustedPeers } from '../../../proxy/routing/trusted.ts';
import { loopbackFor } from '../facts.ts';
import { isHandshakeDone, type ProxyAddress, type ProxyPorts } from './connection.ts';
import type { WebTenant } from './probe-web.ts';

interface ProbeOptions {
  readonly tenants: readonly [string, string];
  readonly probe: Probe;
  /** null: the default service. */
  readonly service: string | null;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

interface WebTarget {
  readonly tenants: readonly WebTenant[];
  readonly proxy: ProxyPorts;
}

/**
 * Returns where the probe goes, or why it goes nowhere.
 * @param views instances of both tenants
 * @throws {TenementError} `bad_input`, `usage`
 */
export async function webTargetOf(
  config: Config,
  views: readonly InstanceView[],
  { tenants: [one, other], probe, service, env, signal }: ProbeOptions,
): Promise<WebTarget | { readonly findings: readonly Finding[] }> {
  const name = service ?? config.proxy.defaultService ?? '';
  const proxy = portsOf(config, views);
  const tenants: WebTenant[] = [];
  for (const id of [one, other]) {
    const place = placeOf(addressesOf(config, proxy.http, instanceNamed(views, name, id)), proxy.http.port);
    if (typeof place === 'string') return { findings: [one, other].map((from) => untried(from, place, one, other)) };
    tenants.push({ id, place: await asClientsReach(place, proxy, config, signal), env: variablesFor(id, probe, env) });
  }
  if (proxy.http.port === 0 && tenants.some(({ place }) => place.scheme === 'http' && place.kind !== 'socket'))
    throw unknownPort();
  return { tenants, proxy };
}

/** Clients use https wherever a handshake succeeds, whatever the plain port answers. */
async function asClientsReach(
  place: Place,
  { https }: ProxyPorts,
  { tls }: Config,
  signal: AbortSignal,
): Promise<Place> {
  if (https === null || place.kind === 'socket' || !(await isHandshakeDone(https, place, signal))) return place;
  return placeAt(place, 'https', tls?.publicPort ?? https.port);
}

function untried(from: string, detail: string, one: string, other: string): Finding {
  const to = from === one ? other : one;
  return { kind: 'requests', what: 'send the requests of the probe', from, to, result: 'not_tried', detail };
}

/** @throws {TenementError} `bad_input` */
function instanceNamed(views: readonly InstanceView[], service: string, id: string): InstanceView {
  const view = views.find((one) => one.service === service && one.id === id);
  if (view !== undefined) return view;
  throw new TenementError('bad_input', `${id} has no instance of the service ${JSON.stringify(service)} to probe`, {
    hint: 'Name the service with --service.',
  });
}

/** URLs of instances have the ports that the server listens on, which may differ from those of the config. */
function portsOf({ proxy, tls }: Config, views: readonly InstanceView[]): ProxyPorts {
  const at = ({ host, port }: ProxyAddress, scheme: Scheme): ProxyAddress => {
    const isNamed = scheme === 'http' || tls?.publicPort === null;
    const url = isNamed ? (views.find((view) => view.url?.startsWith(`${scheme}:`))?.url ?? null) : null;
    const known = url === null ? port : Number(new URL(url).port || DEFAULT_PORTS[scheme]);
    return { host: loopbackFor(host), port: known };
  };
  const https = tls === null ? null : at(tls.listen, 'https');
  return { http: at(proxy.listen, 'http'), https: https?.port === 0 ? null : https };
}

function unknownPort(): TenementError {
  return new TenementError('bad_input', 'the port of the proxy is not known, so no probe can be sent', {
    hint: 'Give it one: [proxy] listen, or serve --proxy ADDRESS:PORT.',
  });
}

function addressesOf(config: Config, proxy: ProxyAddress, { service, id, socket }: InstanceView): Addresses {
  return {
    tenantId: id,
    tenantFrom: config.tenantFrom,
    ownHost: webAddressOf(config, () => null, service, id).host,
    commonHost: commonHostOf(config.proxy, service),
    trustedAddress: trustedAddressOf(config.proxy.trustedProxies, proxy.host),
    proxiedSocket: serviceNamed(config, service).publicSocket === 'proxied' ? socket : null,
  };
}

/** Returns a loopback address that the proxy trusts, of the family in which it listens; null: there is none. */
function trustedAddressOf(trustedProxies: readonly string[], proxyHost: string): string | null {
  const isTrusted = trustedPeers(trustedProxies);
  const isOfFamily = (address: string) => address.includes(':') === proxyHost.includes(':');
  const own = trustedProxies.filter((entry) => isLoopback(entry) && entry !== 'localhost');
  return ['127.0.0.1', '::1', ...own].find((address) => isOfFamily(address) && isTrusted(address)) ?? null;
}

/** Finds `env.NAME` as NAME_ACME for the tenant `acme`, or else as NAME. @throws {TenementError} `usage` */
function variablesFor(id: string, { requests, variables }: Probe, env: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  const names = [...requests.map(textOf), ...variables.values()].flatMap(placeholdersIn);
  const suffix = id.toUpperCase().replaceAll('-', '_');
  return new Map(
    names
      .filter((name) => name.startsWith('env.'))
      .map((name) => {
        const variable = name.slice('env.'.length);
        const value = env[`${variable}_${suffix}`] ?? env[variable];
        if (value === undefined)
          throw new TenementError(
            'usage',
            `the probe needs the environment variable ${variable} or ${variable}_${suffix}`,
          );
        return [name, value];
      }),
  );
}
