/** The instance that a command is about: `api:acme`, or `api --id acme`. */
import type { Command } from 'commander';
import { type InstanceName, namedInstance } from '../core/lifecycle/instance.ts';
import { assertTenantId } from '../core/tenants/tenant.ts';
import { TenementError } from '../errors.ts';

/** Declares the argument and its `--id`. */
export function takesInstance(command: Command): Command {
  return command
    .argument('<instance>', 'SERVICE:ID, or SERVICE with --id')
    .option('--id <id>', 'the tenant, if the argument names only a service');
}

/** @throws {TenementError} `bad_id`, `usage` */
export function instanceOf(argument: string, id: string | undefined): InstanceName {
  if (id === undefined) return namedInstance(argument);
  assertTenantId(id);
  assertNamedOnce(argument, id);
  return namedInstance(`${argument}:${id}`);
}

function assertNamedOnce(argument: string, id: string): void {
  const [service = '', named] = argument.split(':', 2);
  if (named === undefined) return;
  throw new TenementError('usage', `${argument} names the tenant ${named} already, and --id says ${id}`, {
    hint: `Write ${service}:${id}, or ${service} --id ${id}.`,
  });
}
