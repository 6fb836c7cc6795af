/** Problems with the hooks of a service. */
import { HOOK_ACTIONS, type HookConfig } from '../../core/provisioning/hook.ts';
import { HOOK_VARIABLES, RESERVED_FOR_HOOKS } from '../../core/provisioning/hook-environment.ts';
import { firstDomain } from '../../core/routing/web-address.ts';
import type { Config, ServiceConfig } from '../../core/service/service.ts';
import type { Problem } from './problems.ts';
import { addressProblem, templateProblem } from './template-problems.ts';

export function hookProblems({ name, hooks }: ServiceConfig, { proxy }: Config): Problem[] {
  return hooks.flatMap((hook, index) => {
    const at = (...keys: (string | number)[]) => ['service', name, 'provision', index, ...keys];
    const twin = hooks.slice(0, index).some((other) => other.name === hook.name);
    const texts = textsOf(hook, at);
    return [
      ...(twin ? [{ path: at('name'), message: `service.${name} has another hook "${hook.name}"` }] : []),
      ...actionProblems(hook, at),
      ...Object.keys(hook.env)
        .filter((variable) => RESERVED_FOR_HOOKS.has(variable))
        .map((variable) => ({ path: at('env', variable), message: 'tenement sets this itself' })),
      ...texts.flatMap(({ path, value }) => templateProblem(path, value, HOOK_VARIABLES)),
      ...(firstDomain(proxy) === null ? texts.flatMap(addressProblem) : []),
    ];
  });
}

type At = (...keys: (string | number)[]) => (string | number)[];

function actionProblems({ name, commands }: HookConfig, at: At): Problem[] {
  const given = HOOK_ACTIONS.filter((action) => commands[action] !== null);
  if (given.length === 0)
    return [{ path: at('name'), message: `the hook "${name}" does nothing: give it create or measure` }];
  const problems: Problem[] = [];
  for (const action of ['destroy', 'rotate'] as const)
    if (commands[action] !== null && commands.create === null)
      problems.push({ path: at(action), message: `${action} needs create, which makes what it is about` });
  for (const action of given)
    if ((commands[action]?.[0] ?? '') === '') problems.push({ path: at(action), message: 'expected a command' });
  return problems;
}

function textsOf({ commands, env }: HookConfig, at: At) {
  return [
    ...HOOK_ACTIONS.flatMap((action) => (commands[action] ?? []).map((value) => ({ path: at(action), value }))),
    ...Object.entries(env).map(([name, value]) => ({ path: at('env', name), value })),
  ];
}
