/** The command line: global options, and commands that are loaded on demand. */
import { Command } from 'commander';
import { version } from '../version.ts';
import { isGiven, operands, wordsOf } from './command-words.ts';
import { painter } from './output/color.ts';
import type { CliIo } from './output/io.ts';
import { report } from './output/report.ts';

type Register = (program: Command, io: CliIo) => void;

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  spawn: async () => (await import('./commands/instance/spawn.ts')).spawnCommand,
  ps: async () => (await import('./commands/instance/ps.ts')).psCommand,
  top: async () => (await import('./commands/top.ts')).topCommand,
  status: async () => (await import('./commands/instance/status.ts')).statusCommand,
  start: async () => (await import('./commands/instance/start.ts')).startCommand,
  stop: async () => (await import('./commands/instance/stop.ts')).stopCommand,
  restart: async () => (await import('./commands/instance/restart.ts')).restartCommand,
  sleep: async () => (await import('./commands/instance/sleep.ts')).sleepCommand,
  wake: async () => (await import('./commands/instance/wake.ts')).wakeCommand,
  rm: async () => (await import('./commands/instance/rm.ts')).rmCommand,
  set: async () => (await import('./commands/instance/set.ts')).setCommand,
  tenant: async () => (await import('./commands/tenant/tenant.ts')).tenantCommand,
  domain: async () => (await import('./commands/domain/domain.ts')).domainCommand,
  cert: async () => (await import('./commands/certificate.ts')).certificateCommand,
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
  ui: async () => (await import('./commands/ui.ts')).uiCommand,
  usage: async () => (await import('./commands/usage.ts')).usageCommand,
  notify: async () => (await import('./commands/notify.ts')).notifyCommand,
  front: async () => (await import('./commands/front.ts')).frontCommand,
  install: async () => (await import('./commands/install.ts')).installCommand,
  reload: async () => (await import('./commands/reload.ts')).reloadCommand,
  init: async () => (await import('./commands/init.ts')).initCommand,
  completion: async () => (await import('./commands/completion.ts')).completionCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
};

/** For output that is not on a terminal. */
const HELP_COLUMNS = 80;

/** Runs one command line (without node and script) and returns its exit status; never throws. */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv[0] === COMPLETE) return complete(argv.slice(1), io);
  const program = createProgram(io);
  try {
    for (const each of needed(argv)) (await COMMANDS[each]?.())?.(program, io);
    const words = isHelpAsked(argv) ? await helpWords(argv, program, io) : wordsOf(argv);
    if (words !== null) await program.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    return report(error, io, { json: isGiven(argv, '--json'), command: pathOf(argv, program) });
  }
}

/** What completion scripts ask for a line; the last word is the one at the cursor. */
const COMPLETE = '__complete';

/** Prints candidates, and nothing else: a shell shows every word of it at the cursor. */
async function complete(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const [first, ...rest] = argv.slice(0, -1);
    const isHelp = first === 'help';
    const words = isHelp ? rest : argv.slice(0, -1);
    const program = createProgram(io);
    const [name = ''] = operands(words);
    if (Object.hasOwn(COMMANDS, name)) (await COMMANDS[name]?.())?.(program, io);
    const { candidatesFor } = await import('./completion/complete.ts');
    const names = [
      ...Object.keys(COMMANDS),
      ...(isHelp ? Object.keys((await import('./help/topics.ts')).TOPICS) : ['help']),
    ];
    const found = await candidatesFor({ program, names, words, current: argv.at(-1) ?? '', env: io.env });
    if (found === 'files') return (await import('./completion/scripts.ts')).FILES_STATUS;
    for (const { value, about } of found) io.stdout.write(about === '' ? `${value}\n` : `${value}\t${about}\n`);
    return 0;
  } catch {
    return 1;
  }
}

/** Returns the program with all its commands, for what describes it. */
export async function wholeProgram(io: CliIo): Promise<Command> {
  const program = createProgram(io);
  for (const load of Object.values(COMMANDS)) (await load())(program, io);
  return program;
}

function createProgram(io: CliIo): Command {
  const paint = painter(io.color);
  return new Command('tenement')
    .description('Runs one process of an application for each customer, and puts idle ones to sleep.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain the command, with examples')
    .option('-c, --config <file>', 'the config, whose server is used (default: TENEMENT_CONFIG, else ./tenement.toml)')
    .option('--api <url>', "use a server's HTTP API instead (default: TENEMENT_API)")
    .option('--token <token>', 'the token for --api (default: TENEMENT_TOKEN)')
    .configureHelp({ subcommandTerm: (command) => command.name(), styleTitle: (text) => paint('bold', text) })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      getOutHelpWidth: () => io.columns ?? HELP_COLUMNS,
      getOutHasColors: () => io.color,
      // report() prints commander's errors in tenement's own form.
      writeErr: () => {},
    });
}

/** Lists the commands to load for a command line: one, or all for help and for mistakes. */
function needed(argv: readonly string[]): string[] {
  const [name = null] = operands(argv);
  if (name === null && isGiven(argv, '--version', '-V')) return [];
  return name !== null && Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
}

function isHelpAsked(argv: readonly string[]): boolean {
  return operands(argv)[0] === 'help' || isGiven(argv, '-h', '--help');
}

/**
 * Returns the words for which commander prints the help that was asked for; null: it is a topic, which is printed.
 * @throws {TenementError} `usage`
 */
async function helpWords(argv: readonly string[], program: Command, io: CliIo): Promise<readonly string[] | null> {
  const { addHelp, assertHelpKnows, topicText } = await import('./help/help.ts');
  addHelp(program);
  const [first, ...names] = operands(argv);
  if (first !== 'help') return wordsOf(argv);
  const topic = names.length === 1 ? topicText(names[0] ?? '') : null;
  if (topic !== null) {
    io.stdout.write(`${topic}\n`);
    return null;
  }
  assertHelpKnows(names, program);
  return [...names, '--help'];
}

/** Returns the command that the words name, such as `tenant ls`; empty: none. */
function pathOf(argv: readonly string[], program: Command): string {
  let command = program;
  const path: string[] = [];
  for (const word of operands(argv)) {
    const sub = command.commands.find((one) => one.name() === word);
    if (sub === undefined) break;
    path.push(word);
    command = sub;
  }
  return path.join(' ');
}
