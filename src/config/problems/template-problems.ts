/** Problems with templates in a config. */
import type { SecretValues } from '../../core/secrets/sealed-secret.ts';
import { fillTemplate, secretsIn, templateVariables } from '../../core/service/template.ts';
import { TenementError } from '../../errors.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';
import { misplacedSecret, variableSecretProblems } from './secret-problems.ts';

/** When the proxy serves any domain, a tenant has no domain of its own. */
export function addressProblem({ path, value }: { path: Problem['path']; value: string }): Problem[] {
  const [name] = templateVariables(value).filter((one) => one === 'host' || one === 'url');
  if (name === undefined) return [];
  return [{ path, message: `{${name}} needs a [proxy] domain other than "*"`, word: `{${name}}` }];
}

export function templateProblem(
  path: Problem['path'],
  template: string,
  allowed: readonly string[],
  secrets?: SecretValues,
): Problem[] {
  const unknown = templateVariables(template).filter((name) => !allowed.includes(name));
  if (unknown.length > 0)
    return unknown.map((name) => ({ path, message: unknownVariable(name, allowed), word: `{${name}}` }));
  try {
    fillTemplate(template, Object.fromEntries(allowed.map((name) => [name, 'x'])), secrets);
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

/** Checks the template of a variable, which may use secrets. */
export function variableProblem(path: Problem['path'], template: string, allowed: readonly string[]): Problem[] {
  const secrets = secretsIn(template);
  const known = [...allowed, ...secrets.map((name) => `secret.${name}`)];
  return [
    ...variableSecretProblems(path, String(path.at(-1)), template),
    ...templateProblem(path, template, known, new Map(secrets.map((name) => [name, 'x']))),
  ];
}

function unknownVariable(name: string, allowed: readonly string[]): string {
  const misplaced = misplacedSecret(name);
  if (misplaced !== null) return misplaced;
  if (name === 'port') return '{port} needs listen = "port", and has a value only in command, workdir and env';
  const near = nearest(name, allowed);
  const suggestion =
    near === null ? `known are ${allowed.map((one) => `{${one}}`).join(' ')}` : `did you mean {${near}}?`;
  return `{${name}} is not a template variable here, ${suggestion}`;
}
