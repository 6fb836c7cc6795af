/** The config that is served now. Only a reload replaces it; everything else reads `current`. */
import type { Config } from './service.ts';

export interface ConfigFeed {
  readonly current: Config;
}

export class ServedConfig implements ConfigFeed {
  private config: Config;

  constructor(config: Config) {
    this.config = config;
  }

  get current(): Config {
    return this.config;
  }

  replace(config: Config): void {
    this.config = config;
  }
}
