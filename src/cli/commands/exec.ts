/** `tenement exec`: runs a command in an instance's environment, beside its process if it has one. */
import type { Command } from 'commander';
import { TenementError } from '../../errors.ts';
import { runPrepared } from '../../local/prepared-command.ts';
import { CommandEnd } from '../command-end.ts';
import { instanceOf } from '../instance-argument.ts';
import type { CliIo } from '../output/io.ts';
import { type GlobalOptions, isLocal, withClient } from '../target.ts';

interface ExecOptions extends GlobalOptions {
  readonly id?: string;
  readonly tty?: boolean;
}

export function execCommand(program: Command, io: CliIo): void {
  program
    .command('exec')
    .description("run a command with an instance's environment, user, isolation, limits and directory")
    .argument('<instance>', 'SERVICE:ID, or SERVICE with --id')
    .argument('<command...>', 'the program and its arguments; options after its name are its own')
    .option('--id <id>', 'the tenant, if the argument names only a service')
    .option('-i, --interactive', 'accepted as in other tools; the command always has your stdin')
    .option('-t, --tty', 'give it a terminal of its own; the default if stdin and stdout are terminals')
    .action((argument: string, words: string[], _options, command: Command) =>
      exec(argument, words, command.optsWithGlobals<ExecOptions>(), io),
    );
}

async function exec(argument: string, words: readonly string[], options: ExecOptions, io: CliIo): Promise<void> {
  assertLocal(options, io);
  const isTerminal = process.stdin.isTTY === true;
  if (options.tty === true && !isTerminal)
    throw new TenementError('usage', '-t needs a terminal, but stdin is not one', {
      hint: 'Leave -t out: the command reads what stdin has.',
    });
  const withTerminal = options.tty === true || (isTerminal && process.stdout.isTTY === true);
  const instance = instanceOf(argument, options.id);
  const term = withTerminal ? (io.env['TERM'] ?? 'dumb') : null;
  const prepared = await withClient(options, io, (client) => client.prepareCommand(instance, { words, term }));
  throw new CommandEnd(await runPrepared(prepared, withTerminal));
}

/** @throws {TenementError} `usage` */
function assertLocal(options: ExecOptions, io: CliIo): void {
  if (isLocal(options, io.env)) return;
  throw new TenementError('usage', "exec runs on the server's machine, not over --api or TENEMENT_API", {
    hint: "Log in there as the server's user, and name its config with -c.",
  });
}
