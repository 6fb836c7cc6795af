/** Converts a config to JSON and back. Its maps become lists of pairs. */
import type { Plan } from '../plans/plan.ts';
import type { Config, ServiceConfig } from '../service/service.ts';

export type ConfigJson = Omit<Config, 'services' | 'aliases' | 'plans'> & {
  readonly services: readonly (readonly [string, ServiceConfig])[];
  readonly aliases: readonly (readonly [string, string])[];
  readonly plans: readonly (readonly [string, Plan])[];
};

export function configToJson(config: Config): ConfigJson {
  return { ...config, services: [...config.services], aliases: [...config.aliases], plans: [...config.plans] };
}

export function configFromJson(json: ConfigJson): Config {
  return { ...json, services: new Map(json.services), aliases: new Map(json.aliases), plans: new Map(json.plans) };
}
