/** `tenement tenant`: tenants as a whole. */
import type { Command } from 'commander';
import type { CliIo } from '../../output/io.ts';
import { createCommand } from './create.ts';
import { lsCommand } from './ls.ts';
import { provisionCommand } from './provision.ts';
import { rmCommand } from './rm.ts';
import { setCommand } from './set.ts';
import { showCommand } from './show.ts';
import { startCommand, stopCommand } from './stop-start.ts';

export function tenantCommand(program: Command, io: CliIo): void {
  const tenant = program.command('tenant').description('create, list, change and remove tenants');
  const changes = [setCommand, stopCommand, startCommand, provisionCommand, rmCommand];
  for (const add of [createCommand, lsCommand, showCommand, ...changes]) add(tenant, io);
}
