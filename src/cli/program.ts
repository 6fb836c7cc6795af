/** The command line: global options, and commands that are loaded on demand. */
import { Command } from 'commander';
import { TenementError } from '../errors.ts';
import { version } from '../version.ts';
import type { CliIo } from './output/io.ts';
import { report } from './output/report.ts';

type Register = (program: Command, io: CliIo) => void;

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  spawn: async () => (await import('./commands/instance/spawn.ts')).spawnCommand,
  ps: async () => (await import('./commands/instance/ps.ts')).psCommand,
  status: async () => (await import('./commands/instance/status.ts')).statusCommand,
  start: async () => (await import('./commands/instance/start.ts')).startCommand,
  stop: async () => (await import('./commands/instance/stop.ts')).stopCommand,
  restart: async () => (await import('./commands/instance/restart.ts')).restartCommand,
  sleep: async () => (await import('./commands/instance/sleep.ts')).sleepCommand,
  rm: async () => (await import('./commands/instance/rm.ts')).rmCommand,
  set: async () => (await import('./commands/instance/set.ts')).setCommand,
  tenant: async () => (await import('./commands/tenant/tenant.ts')).tenantCommand,
  domain: async () => (await import('./commands/domain/domain.ts')).domainCommand,
  secret: async () => (await import('./commands/secret/secret.ts')).secretCommand,
  export: async () => (await import('./commands/archive/export.ts')).exportCommand,
  import: async () => (await import('./commands/archive/import.ts')).importCommand,
  clone: async () => (await import('./commands/archive/clone.ts')).cloneCommand,
  backup: async () => (await import('./commands/backup/backup.ts')).backupCommand,
  restore: async () => (await import('./commands/backup/restore.ts')).restoreCommand,
  exec: async () => (await import('./commands/exec.ts')).execCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  events: async () => (await import('./commands/events.ts')).eventsCommand,
  token: async () => (await import('./commands/token.ts')).tokenCommand,
  usage: async () => (await import('./commands/usage.ts')).usageCommand,
  notify: async () => (await import('./commands/notify.ts')).notifyCommand,
  front: async () => (await import('./commands/front.ts')).frontCommand,
  reload: async () => (await import('./commands/reload.ts')).reloadCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
};

/** Global options with a value, which is not the command's name. */
const WITH_VALUE = new Set(['-c', '--config', '--api', '--token']);

/** Runs one command line (without node and script) and returns its exit status; never throws. */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    await assertHelpKnows(argv);
    const program = createProgram(io);
    for (const each of needed(argv)) (await COMMANDS[each]?.())?.(program, io);
    await program.parseAsync(wordsOf(argv), { from: 'user' });
    return 0;
  } catch (error) {
    return report(error, io, isJsonAsked(argv));
  }
}

/** Whether the command, rather than the program that `exec` runs, was given --json. */
function isJsonAsked(argv: readonly string[]): boolean {
  const words = wordsOf(argv);
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? undefined : end).includes('--json');
}

/** Returns the program with all its commands, for what describes it. */
export async function wholeProgram(io: CliIo): Promise<Command> {
  const program = createProgram(io);
  for (const load of Object.values(COMMANDS)) (await load())(program, io);
  return program;
}

function createProgram(io: CliIo): Command {
  return new Command('tenement')
    .description('Runs one process of an application for each customer, and puts idle ones to sleep.')
    .version(version)
    .option('-c, --config <file>', 'the config, whose server is used (default: TENEMENT_CONFIG, else ./tenement.toml)')
    .option('--api <url>', "use a server's HTTP API instead (default: TENEMENT_API)")
    .option('--token <token>', 'the token for --api (default: TENEMENT_TOKEN)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // report() prints commander's errors in tenement's own form.
      writeErr: () => {},
    });
}

/** @throws {TenementError} `usage` for `help` with an unknown command */
async function assertHelpKnows([first, name]: readonly string[]): Promise<void> {
  if (first !== 'help' || name === undefined || name === 'help' || Object.hasOwn(COMMANDS, name)) return;
  const { nearest } = await import('../config/problems/nearest.ts');
  const near = nearest(name, Object.keys(COMMANDS));
  const hint = near === null ? {} : { hint: `Did you mean ${near}?` };
  throw new TenementError('usage', `there is no command '${name}'`, hint);
}

/**
 * Inserts `--` before the command of `exec`, so that the words after the command's name belong to it, including
 * options.
 */
function wordsOf(argv: readonly string[]): readonly string[] {
  if (commandName(argv) !== 'exec') return argv;
  const at = placeOfOperand(argv, 2);
  return at === null ? argv : [...argv.slice(0, at), '--', ...argv.slice(at)];
}

/** Finds the n-th operand, which is neither an option nor a value; null when there are fewer, or `--` precedes it. */
function placeOfOperand(argv: readonly string[], number: number): number | null {
  let before = 0;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') return null;
    if (WITH_VALUE.has(word) || word === '--id') index += 1;
    else if (!word.startsWith('-')) {
      if (before === number) return index;
      before += 1;
    }
  }
  return null;
}

/** Lists the commands to load for a command line: one, or all for help and for mistakes. */
function needed(argv: readonly string[]): string[] {
  const name = commandName(argv);
  if (name === null && argv.some((word) => word === '--version' || word === '-V')) return [];
  return name !== null && Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
}

/** Returns the first word that is neither an option nor an option's value. */
function commandName(argv: readonly string[]): string | null {
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (WITH_VALUE.has(word)) index += 1;
    else if (!word.startsWith('-')) return word;
  }
  return null;
}
