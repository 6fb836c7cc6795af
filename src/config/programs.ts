/** Whether the programs that services run are there. */
import { accessSync, constants } from 'node:fs';
import { programCandidates } from '../core/program.ts';
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
  return programCandidates(program, workdir, env['PATH'] ?? '').some(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
