/** Whether the programs that services run are there. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Config } from '../core/service.ts';
import { templateVariables } from '../core/template.ts';

/** One sentence for each service whose program is not found now. */
export function missingPrograms(config: Config, env: NodeJS.ProcessEnv): string[] {
  return [...config.services.values()].flatMap(({ name, command, workdir }) => {
    const [program = ''] = command;
    if (templateVariables(program).length > 0 || isThere(program, workdir, env)) return [];
    return [`service.${name}.command: ${program} was not found${program.includes('/') ? '' : ' on PATH'}`];
  });
}

function isThere(program: string, workdir: string, env: NodeJS.ProcessEnv): boolean {
  if (program.includes('/')) return isExecutable(resolve(workdir, program));
  return (env['PATH'] ?? '').split(delimiter).some((dir) => dir !== '' && isExecutable(join(dir, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
