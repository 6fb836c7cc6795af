/** Problems with secrets in a config. */
import { isSetLate } from '../../core/input/variable.ts';
import { isSameGenerator } from '../../core/secrets/generator.ts';
import { secretNameProblem } from '../../core/secrets/secret-rules.ts';
import type { Config, ServiceConfig } from '../../core/service/service.ts';
import { secretsIn } from '../../core/service/template.ts';
import type { Problem } from './problems.ts';

export function secretProblems({ services }: Pick<Config, 'services'>): Problem[] {
  const all = [...services.values()];
  return [...all.flatMap(doubleVariables), ...otherGenerators(all)];
}

function doubleVariables({ name, env, secretsEnv }: ServiceConfig): Problem[] {
  return secretsEnv
    .filter((secret) => Object.hasOwn(env, secret))
    .map((secret) => ({
      path: ['service', name, 'env', secret],
      message: 'secrets_env sets the variable, too; remove one of them',
    }));
}

/** A tenant has one value for all its services. */
function otherGenerators(services: readonly ServiceConfig[]): Problem[] {
  return services.flatMap(({ name, secrets }, index) =>
    Object.entries(secrets).flatMap(([secret, generator]) => {
      const first = services.slice(0, index).find((other) => Object.hasOwn(other.secrets, secret));
      const earlier = first?.secrets[secret];
      if (first === undefined || earlier === undefined || isSameGenerator(earlier, generator)) return [];
      const message = `service.${first.name} generates it in another way, and a tenant has one ${secret} for all its services`;
      return [{ path: ['service', name, 'secrets', secret, 'generate'], message }];
    }),
  );
}

/** Checks the secrets in the template of a variable. */
export function variableSecretProblems(path: Problem['path'], variable: string, template: string): Problem[] {
  const names = secretsIn(template);
  if (names.length > 0 && isSetLate(variable))
    return [
      { path, message: `${variable} is set on a command line, which every user may read: it cannot hold a secret` },
    ];
  return names.flatMap((name) => {
    const message = secretNameProblem(name);
    return message === null ? [] : [{ path, message }];
  });
}

/** Returns what to do with a secret where templates may not use it; null: the variable is no secret. */
export function misplacedSecret(variable: string): string | null {
  if (!variable.startsWith('secret.')) return null;
  const name = variable.slice('secret.'.length);
  return (
    `{${variable}} may stand only in env: every user of the machine may read a command line. The application finds the ` +
    `secret in the file $SECRETS_DIR/${name}, and with secrets_env = ["${name}"] in the variable ${name}`
  );
}
