/** Problems with templates in a config. */
import { fillTemplate, templateVariables } from '../../core/service/template.ts';
import { TenementError } from '../../errors.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';

/** When the proxy serves any domain, a tenant has no domain of its own. */
export function addressProblem({ path, value }: { path: Problem['path']; value: string }): Problem[] {
  const [name] = templateVariables(value).filter((one) => one === 'host' || one === 'url');
  if (name === undefined) return [];
  return [{ path, message: `{${name}} needs a [proxy] domain other than "*"` }];
}

export function templateProblem(path: Problem['path'], template: string, allowed: readonly string[]): Problem[] {
  const unknown = templateVariables(template).filter((name) => !allowed.includes(name));
  if (unknown.length > 0) return unknown.map((name) => ({ path, message: unknownVariable(name, allowed) }));
  try {
    fillTemplate(template, Object.fromEntries(allowed.map((name) => [name, 'x'])));
    return [];
  } catch (error) {
    return [
      {
        path,
        message:
          error instanceof TenementError ? `${error.message}; write {{ and }} for literal braces` : String(error),
      },
    ];
  }
}

function unknownVariable(name: string, allowed: readonly string[]): string {
  if (name === 'port') return '{port} needs listen = "port", and has a value only in command, workdir and env';
  const near = nearest(name, allowed);
  const suggestion =
    near === null ? `known are ${allowed.map((one) => `{${one}}`).join(' ')}` : `did you mean {${near}}?`;
  return `{${name}} is not a template variable here, ${suggestion}`;
}
