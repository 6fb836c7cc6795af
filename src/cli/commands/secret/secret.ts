/** `tenement secret`: secrets of tenants. */
import type { Command } from 'commander';
import type { CliIo } from '../../output/io.ts';
import { lsCommand } from './ls.ts';
import { rekeyCommand } from './rekey.ts';
import { rmCommand } from './rm.ts';
import { rotateCommand } from './rotate.ts';
import { setCommand } from './set.ts';

export function secretCommand(program: Command, io: CliIo): void {
  const secret = program.command('secret').description('set, list, rotate and remove secrets of tenants');
  for (const add of [setCommand, lsCommand, rmCommand, rotateCommand, rekeyCommand]) add(secret, io);
}
