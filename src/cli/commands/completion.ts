/** `tenement completion`: prints what a shell needs to complete command lines. */
import { Argument, type Command } from 'commander';
import { SCRIPTS, type Shell } from '../completion/scripts.ts';
import { type CliIo, print } from '../output/io.ts';

export function completionCommand(program: Command, io: CliIo): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((shell: Shell) => print(io, SCRIPTS[shell].trimEnd()));
}
