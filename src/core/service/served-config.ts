/** The config that is served now. Only a reload replaces it; everything else reads `current` or subscribes. */
import type { Config } from './service.ts';

export interface ConfigFeed {
  readonly current: Config;
  /** Calls `listener` after each replacement, in the order of subscription. A listener must not throw. */
  subscribe(listener: (config: Config) => void): void;
}

export class ServedConfig implements ConfigFeed {
  private config: Config;
  private readonly listeners: ((config: Config) => void)[] = [];

  constructor(config: Config) {
    this.config = config;
  }

  get current(): Config {
    return this.config;
  }

  subscribe(listener: (config: Config) => void): void {
    this.listeners.push(listener);
  }

  replace(config: Config): void {
    this.config = config;
    for (const listener of this.listeners) listener(config);
  }
}
