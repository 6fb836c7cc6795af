/** The service that is meant when none is named. Pure. */
import { TenementError } from '../../errors.ts';
import type { Config } from './service.ts';

/** @param where the name of the input that names none @throws {TenementError} `bad_input` when the config has no default */
export function defaultServiceOf({ proxy, services }: Pick<Config, 'proxy' | 'services'>, where: string): string {
  const { defaultService } = proxy;
  if (defaultService !== null) return defaultService;
  throw new TenementError('bad_input', `${where}: none is named, and the config has no default_service`, {
    hint: `Name one or more of ${[...services.keys()].join(', ')}.`,
  });
}
