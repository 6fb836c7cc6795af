/** Converts a config to JSON and back. Its maps become lists of pairs. */
import type { Config, ServiceConfig } from '../service/service.ts';

export type ConfigJson = Omit<Config, 'services' | 'aliases'> & {
  readonly services: readonly (readonly [string, ServiceConfig])[];
  readonly aliases: readonly (readonly [string, string])[];
};

export function configToJson(config: Config): ConfigJson {
  return { ...config, services: [...config.services], aliases: [...config.aliases] };
}

export function configFromJson(json: ConfigJson): Config {
  return { ...json, services: new Map(json.services), aliases: new Map(json.aliases) };
}
