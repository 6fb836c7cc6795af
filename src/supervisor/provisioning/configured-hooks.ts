/** The hooks of the config, and those that a tenant lacks. Pure. */
import { dirname } from 'node:path';
import { hookName } from '../../core/provisioning/hook.ts';
import type { HookHold, HookRecord } from '../../core/provisioning/hook-record.ts';
import type { Config } from '../../core/service/service.ts';
import type { KnownHook } from '../../core/stores/hook-store.ts';

/** Lists them in the order in which they run for a tenant. */
export function configuredHooks({ file, services }: Pick<Config, 'file' | 'services'>): KnownHook[] {
  const workdir = dirname(file);
  return [...services.values()].flatMap(({ name: service, hooks }) =>
    hooks.map((config) => ({ service, hook: config.name, config, workdir })),
  );
}

/** Returns the records that a tenant gets, given those that it has. What has succeeded stays. */
export function missingHooks(
  wanted: readonly KnownHook[],
  present: readonly HookRecord[],
  holds: HookHold,
  nowMs: number,
): HookRecord[] {
  const known = new Map(present.map((record) => [hookName(record), record]));
  return wanted.flatMap((hook, position): HookRecord[] => {
    const was = known.get(hookName(hook));
    if (was?.state === 'done') return [];
    const isMade = hook.config.commands.create === null;
    const state = isMade ? 'done' : (was?.state ?? 'pending');
    const { service } = hook;
    return [
      { service, hook: hook.hook, state, holds: isMade ? 'nothing' : holds, sinceMs: nowMs, position, failure: null },
    ];
  });
}
