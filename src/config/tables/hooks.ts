/** Builds the hooks of a service from their tables. */
import { parseDuration } from '../../core/limits/units.ts';
import { HOOK_ACTIONS, type HookConfig } from '../../core/provisioning/hook.ts';
import { splitCommand } from '../command.ts';
import type { Problem } from '../problems/problems.ts';
import type { ProvisionInput } from '../schema/provision.ts';

export function hooksOf(
  service: string,
  { provision }: { readonly provision: readonly ProvisionInput[] },
  problems: Problem[],
): HookConfig[] {
  return provision.map((input, index) => {
    const wordsOf = (action: (typeof HOOK_ACTIONS)[number]) => {
      const command = input[action];
      try {
        return command === undefined ? null : splitCommand(command);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        problems.push({ path: ['service', service, 'provision', index, action], message });
        return null;
      }
    };
    const words = HOOK_ACTIONS.map((action) => [action, wordsOf(action)] as const);
    return {
      name: input.name,
      commands: Object.fromEntries(words) as HookConfig['commands'],
      timeoutMs: parseDuration(input.timeout),
      inheritEnv: input.inherit_env,
      env: Object.fromEntries(Object.entries(input.env).map(([name, value]) => [name, String(value)])),
    };
  });
}
