/** What a proxy goes by and may change while it serves: published as a whole, and followed by whoever routes. */
import type { Config } from '../service/service.ts';
import { type RoutingTable, routingTable } from './routing-table.ts';

/** Plain data: workers get it as a message. */
export interface ProxySettings {
  readonly routing: RoutingTable;
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-*` are believed. */
  readonly trustedProxies: readonly string[];
}

/** @param version higher than that of the settings before */
export function proxySettings(config: Config, version: number): ProxySettings {
  return { routing: routingTable(config, version), trustedProxies: config.proxy.trustedProxies };
}

export interface ProxySettingsFeed {
  readonly current: ProxySettings;
  /** Calls `listener` in the same step with the current settings, and later with each that is published. */
  follow(listener: (settings: ProxySettings) => void): void;
}

export class ProxySettingsPublisher implements ProxySettingsFeed {
  private settings: ProxySettings;
  private readonly listeners: ((settings: ProxySettings) => void)[] = [];

  constructor(settings: ProxySettings) {
    this.settings = settings;
  }

  get current(): ProxySettings {
    return this.settings;
  }

  follow(listener: (settings: ProxySettings) => void): void {
    this.listeners.push(listener);
    listener(this.settings);
  }

  /** Every follower goes by `settings` when this returns. */
  publish(settings: ProxySettings): void {
    this.settings = settings;
    for (const listener of this.listeners) listener(settings);
  }
}
