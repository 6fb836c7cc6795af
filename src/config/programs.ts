/** Whether the programs of services exist. */
import { programCandidates } from '../core/service/program.ts';
import type { Config, ServiceConfig } from '../core/service/service.ts';
import { templateVariables } from '../core/service/template.ts';
import { TenementError } from '../errors.ts';
import { isExecutable } from '../node/executable.ts';

/** Returns one sentence for each service whose program is not found. */
export function missingPrograms(config: Pick<Config, 'services'>, env: NodeJS.ProcessEnv): string[] {
  return [...config.services.values()].flatMap((service) => missing(service, env) ?? []);
}

/**
 * A reload must not take down a running service by naming a program that does not exist.
 * @throws {TenementError} `bad_config` when the new config would do so
 */
export function assertReplacements(was: Config, is: Config, env: NodeJS.ProcessEnv): void {
  const lost = [...is.services.values()].flatMap((service) => {
    const before = was.services.get(service.name);
    // A program that was missing before takes nothing down, and must not keep the rest of the config from being
    // applied.
    return before === undefined || missing(before, env) !== null ? [] : (missing(service, env) ?? []);
  });
  const [first, ...details] = lost;
  if (first === undefined) return;
  throw new TenementError('bad_config', first, { details, hint: 'Install it, or name its path, and reload again.' });
}

/** Returns null also when the program depends on the tenant, or is unknown. */
function missing({ name, command, workdir, env: own }: ServiceConfig, env: NodeJS.ProcessEnv): string | null {
  const [program = ''] = command;
  const path = own['PATH'] ?? env['PATH'] ?? '';
  const isByPath = program.includes('/');
  if ([program, isByPath ? workdir : path].some((text) => templateVariables(text).length > 0)) return null;
  if (programCandidates(program, workdir, path).some(isExecutable)) return null;
  return `service.${name}.command: ${program} was not found${isByPath ? '' : ' on PATH'}`;
}
