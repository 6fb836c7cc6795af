/** Generates a Caddyfile with which Caddy passes requests straight to the tenants' sockets. Pure. */
import { formatAddress } from '../core/routing/address.ts';
import { CLAIM_PREFIXES, CLAIMS, NEVER_FORWARDED, ORDERS_TO_SERVERS } from '../core/routing/header-rules.ts';
import type { Config, ServiceConfig } from '../core/service/service.ts';
import { TenementError } from '../errors.ts';
import { type FrontRule, type FrontTarget, frontRules, proxyAddress, tenantFields } from './rules.ts';

/** A trailing dot and a port. */
const HOST_END = '\\.?(?::\\d*)?$';

export interface CaddyOptions {
  /** A site address such as `http://:8080`; null: derived from the domains. */
  readonly site: string | null;
}

/** Returns the Caddyfile. @throws {TenementError} `bad_config` when a path cannot be written in one */
export function caddyConfig(config: Config, { site }: CaddyOptions): string {
  const address = site ?? (isLocal(config) ? 'http://' : 'https://');
  const onDemand = address === 'https://' || address.startsWith('https://:');
  return `# Made by: tenement front caddy. Make it anew when services, [proxy] domain or aliases change.
${onDemand ? globalOptions(config) : ''}${address} {
${onDemand ? '\ttls {\n\t\ton_demand\n\t}\n\n' : ''}${headers(config)}${handlers(config)}	# tenement's own proxy knows the domains of tenants at any moment, and answers 404 for a host of nobody. It also gets
	# hosts that are not in lower case: Caddy compares them with case, and a socket's path has it too.
	handle {
		reverse_proxy ${proxyUpstream(config)}
	}
}
`;
}

/** Caddy gets a certificate at the first visit of a host that tenement knows. */
function globalOptions({ api }: Config): string {
  return `{
	on_demand_tls {
		ask http://${formatAddress(api.listen)}/api/ask
	}
}

`;
}

/** Removes header fields before `reverse_proxy` adds its own. Caddy itself drops hop-by-hop fields both ways. */
function headers(config: Config): string {
  const single = CLAIMS.filter((name) => !CLAIM_PREFIXES.some((prefix) => name.startsWith(prefix)));
  const requests = [
    ...NEVER_FORWARDED,
    ...CLAIM_PREFIXES.map((prefix) => `${prefix}*`),
    ...single,
    ...tenantFields(config),
  ];
  return `	# An application may take X_Tenant_Id or X.Tenant.Id for X-Tenant-Id; nginx drops such names too.
	request_header -*_*
	request_header -*.*
	# What only a proxy may say.
${requests.map((name) => `\trequest_header -${name}\n`).join('')}
	# What a tenant may not have a server in front do.
	header {
${ORDERS_TO_SERVERS.map((name) => `\t\t-${name}\n`).join('')}		defer
	}

`;
}

function handlers(config: Config): string {
  return frontRules(config)
    .map((rule, index) => handler(`host${index}`, rule, config))
    .join('');
}

function handler(name: string, { pattern, alias, targets }: FrontRule, config: Config): string {
  const tenant = alias ?? `{re.${name}.1}`;
  const sockets = targets(tenant).map((target, index) => ifRegistered(`${name}_${index}`, target));
  return `	@${name} header_regexp ${name} Host ^${pattern}${HOST_END}
	handle @${name} {
${sockets.join('')}		# tenement's own proxy knows the other instances, and answers 404 for a tenant that there is not.
		handle {
			reverse_proxy ${proxyUpstream(config)}
		}
	}

`;
}

function ifRegistered(name: string, target: FrontTarget): string {
  return `		@${name} file {
			root /
			try_files ${word(target.socket)}
		}
		handle @${name} {
${reverseProxy(target)}		}
`;
}

function reverseProxy({ service, tenantId, socket }: FrontTarget): string {
  return `			reverse_proxy unix/${word(socket)} {
				header_up X-Tenant-Id ${tenantId}
				header_up X-Request-Id {http.request.uuid}
				transport http {
					# A connection is a request, so that tenement sees when the last one ends.
					keepalive off
					dial_timeout 5s
					# startup_timeout, since a request may be held for a wake, and request_timeout after that.
					response_header_timeout ${responseTimeout(service)}
				}
			}
`;
}

/** Returns a Caddy duration; 0: no time-out. */
function responseTimeout({ requestTimeoutMs, startupTimeoutMs }: ServiceConfig): string {
  return requestTimeoutMs === 0 ? '0' : `${Math.ceil((requestTimeoutMs + startupTimeoutMs) / 1000)}s`;
}

function proxyUpstream(config: Config): string {
  const proxy = proxyAddress(config);
  return 'address' in proxy ? proxy.address : `unix/${word(proxy.socket)}`;
}

function isLocal({ proxy }: Config): boolean {
  return proxy.domains.every((domain) => domain === '*' || domain === 'localhost' || domain.endsWith('.localhost'));
}

function word(path: string): string {
  if (!/["`\s\\]/.test(path)) return path;
  throw new TenementError(
    'bad_config',
    `Caddy cannot be told the path ${path}: it holds a space, a quote or a backslash`,
  );
}
