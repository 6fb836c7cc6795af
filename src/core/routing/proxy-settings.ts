/**
 * Settings of the proxy that may change while it serves. They are published as a whole, and every router follows them.
 */
import { DomainRoutes } from '../domains/domain-routes.ts';
import type { TokenRules } from '../identity/jwt-config.ts';
import { isHostOnly, type TenantFrom } from '../identity/tenant-source.ts';
import type { TelemetryConfig } from '../observing/request-trace.ts';
import type { Config } from '../service/service.ts';
import { type RoutingTable, routingTable } from './routing-table.ts';

/** Plain data, which workers get in a message. */
export interface ProxySettings {
  readonly routing: RoutingTable;
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-*` are trusted. */
  readonly trustedProxies: readonly string[];
  /** null: the host alone names the tenant. */
  readonly identity: IdentitySettings | null;
  /** null: the proxy speaks plain HTTP. */
  readonly tls: TlsSettings | null;
  /** Default, and null: requests are not traced. */
  readonly telemetry?: TelemetryConfig | null;
}

export interface TlsSettings {
  /** Whether the plain port sends clients to the port for TLS. */
  readonly redirect: boolean;
  /** Whether certificates are ordered at the first handshake for a known host. */
  readonly onDemand: boolean;
  /** The port that redirects name; null: it is found out. */
  readonly publicPort: number | null;
}

export interface IdentitySettings extends TenantFrom {
  /** The service of a request whose host names none; null: there is none. */
  readonly defaultService: string | null;
  readonly tokens: TokenRules | null;
}

/** @param version must exceed that of the previous settings */
export function proxySettings(config: Config, version: number): ProxySettings {
  const { trustedProxies } = config.proxy;
  const { telemetry } = config;
  const routing = routingTable(config, version);
  return { routing, trustedProxies, identity: identityOf(config), tls: tlsOf(config), telemetry };
}

function tlsOf({ tls }: Config): TlsSettings | null {
  if (tls === null) return null;
  const { redirect, publicPort, acme } = tls;
  return { redirect, publicPort, onDemand: acme?.onDemand === true };
}

function identityOf({ tenantFrom, proxy: { defaultService }, jwt }: Config): IdentitySettings | null {
  if (isHostOnly(tenantFrom)) return null;
  const tokens = jwt === null ? null : { issuers: jwt.issuers, audiences: jwt.audiences, cookie: jwt.cookie };
  return { ...tenantFrom, defaultService, tokens };
}

export interface ProxySettingsFeed {
  readonly current: ProxySettings;
  /** Domains of tenants' own. They change by themselves, because there may be very many. */
  readonly domains: DomainRoutes;
  /** Calls `listener` with the current settings before it returns, and later with each that is published. */
  follow(listener: (settings: ProxySettings) => void): void;
}

export class ProxySettingsPublisher implements ProxySettingsFeed {
  readonly domains: DomainRoutes;
  private settings: ProxySettings;
  private readonly listeners: ((settings: ProxySettings) => void)[] = [];

  constructor(settings: ProxySettings, domains = new DomainRoutes()) {
    this.settings = settings;
    this.domains = domains;
  }

  get current(): ProxySettings {
    return this.settings;
  }

  follow(listener: (settings: ProxySettings) => void): void {
    this.listeners.push(listener);
    listener(this.settings);
  }

  /** Publishes settings. Every follower uses them on return. */
  publish(settings: ProxySettings): void {
    this.settings = settings;
    for (const listener of this.listeners) listener(settings);
  }
}
