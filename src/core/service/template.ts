/** Templates such as `{id}`, and in variables `{secret.NAME}`. `{{` and `}}` are literal braces; any other text in braces must be a variable. */
import { TenementError } from '../../errors.ts';
import type { SecretValues } from '../secrets/sealed-secret.ts';

export const TEMPLATE_VARIABLES = [
  'id',
  'service',
  'name',
  'url',
  'host',
  'plan',
  'data_dir',
  'tenant_dir',
  'socket',
  'port',
  'runtime_dir',
] as const;
export type TemplateVariable = (typeof TEMPLATE_VARIABLES)[number];
export type TemplateValues = Partial<Record<TemplateVariable, string>>;

const SECRET = 'secret.';
const NO_SECRETS: SecretValues = new Map();

const TOKEN = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/**
 * Fills in a template.
 * @param secrets values of `{secret.NAME}`; default: none has a value
 * @throws {TenementError} `bad_config` for an unknown variable, one without a value here, or a lone brace
 */
export function fillTemplate(template: string, values: TemplateValues, secrets: SecretValues = NO_SECRETS): string {
  return template.replace(TOKEN, (token, variable: string | undefined) => {
    if (token === '{{') return '{';
    if (token === '}}') return '}';
    if (variable === undefined) {
      throw new TenementError('bad_config', `lone ${token} in ${JSON.stringify(template)}`, {
        hint: 'Write {{ and }} for literal braces.',
      });
    }
    const secret = variable.startsWith(SECRET) ? secrets.get(variable.slice(SECRET.length)) : undefined;
    return secret ?? lookUp(variable, template, values);
  });
}

/** Returns the names between braces, in order, each once; lone braces are skipped, and unknown names included. */
export function templateVariables(template: string): string[] {
  const names = [...template.matchAll(TOKEN)].map((match) => match[1]).filter((name) => name !== undefined);
  return [...new Set(names)];
}

/** Returns the names of the secrets that a template uses, in order, each once. */
export function secretsIn(template: string): string[] {
  return templateVariables(template).flatMap((name) => (name.startsWith(SECRET) ? [name.slice(SECRET.length)] : []));
}

function lookUp(variable: string, template: string, values: TemplateValues): string {
  const value = values[variable as TemplateVariable];
  if (value !== undefined && Object.hasOwn(values, variable)) return value;
  const known = (TEMPLATE_VARIABLES as readonly string[]).includes(variable);
  const problem = known ? `{${variable}} has no value here` : `{${variable}} is not a template variable`;
  throw new TenementError('bad_config', `${problem} in ${JSON.stringify(template)}`, {
    hint: `Known are ${TEMPLATE_VARIABLES.map((name) => `{${name}}`).join(' ')}; write {{ and }} for literal braces.`,
  });
}
