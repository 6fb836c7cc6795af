/** Whether the programs of services exist. */
import { dirname } from 'node:path';
import { HOOK_ACTIONS } from '../core/provisioning/hook.ts';
import { programCandidates } from '../core/service/program.ts';
import type { Config, ServiceConfig } from '../core/service/service.ts';
import { templateVariables } from '../core/service/template.ts';
import { TenementError } from '../errors.ts';
import { isExecutable } from '../node/executable.ts';
import { hookProgram } from '../node/hook-program.ts';

/** Returns one sentence for each program of a service or a hook that is not found. */
export function missingPrograms(config: Pick<Config, 'file' | 'services'>, env: NodeJS.ProcessEnv): string[] {
  const services = [...config.services.values()];
  return [
    ...services.flatMap((service) => missing(service, env) ?? []),
    ...services.flatMap((service) => missingOfHooks(service, dirname(config.file), env)),
  ];
}

/** Leaves out programs that depend on the tenant. */
function missingOfHooks({ name: service, hooks }: ServiceConfig, workdir: string, env: NodeJS.ProcessEnv): string[] {
  return hooks.flatMap(({ name, commands, env: own }) =>
    HOOK_ACTIONS.flatMap((action) => {
      const [program = ''] = commands[action] ?? [];
      const path = own['PATH'] ?? env['PATH'] ?? '';
      if (program === '' || [program, path].some((text) => templateVariables(text).length > 0)) return [];
      const file = hookProgram(program, workdir);
      if (programCandidates(file, workdir, path).some(isExecutable)) return [];
      return [
        `service.${service}.provision ${name}: ${action}: ${program} was not found${program.includes('/') ? '' : ' on PATH'}`,
      ];
    }),
  );
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
