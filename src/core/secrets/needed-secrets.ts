/** The secrets that an instance does not start without. Pure. */
import type { ServiceConfig } from '../service/service.ts';
import { secretsIn } from '../service/template.ts';

/** Returns their names, each once, in order. */
export function neededSecrets({ env, secretsEnv }: Pick<ServiceConfig, 'env' | 'secretsEnv'>): string[] {
  return [...new Set([...secretsEnv, ...Object.values(env).flatMap(secretsIn)])].sort();
}
