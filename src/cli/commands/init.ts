/** `tenement init`: writes a config for the application in a directory. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { TENANTS_CGROUP } from '../../core/service/unit-files.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import { TenementError } from '../../errors.ts';
import { type Application, commandOf } from '../../local/init/application.ts';
import { configText } from '../../local/init/config-text.ts';
import { detect } from '../../local/init/detect.ts';
import { projectFiles } from '../../local/init/project-files.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { configFile, type GlobalOptions } from '../target.ts';

interface InitOptions extends GlobalOptions {
  readonly service: string;
  readonly command?: string;
  readonly port?: boolean;
  readonly force?: boolean;
  readonly print?: boolean;
  readonly json?: boolean;
}

export function initCommand(program: Command, io: CliIo): void {
  program
    .command('init')
    .description('write a tenement.toml for the application in this directory')
    .option('--service <name>', 'the name of the service', 'web')
    .option('--command <line>', 'what runs the application (default: found out from its files)')
    .option('--port', 'with --command: it listens on $PORT, rather than on the socket $SOCKET_PATH')
    .option('--print', 'print it, and write nothing')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print what was found as JSON')
    .action((_options, command: Command) => init(command.optsWithGlobals<InitOptions>(), io));
}

async function init(options: InitOptions, io: CliIo): Promise<void> {
  const { service, force } = options;
  assertTenantId(service);
  const file = configFile(options, io.env);
  const application = given(options) ?? detect(projectFiles(dirname(file)));
  if (application === null) throw nothingFound(dirname(file));
  const text = configText(application, { service, hasUnits: existsSync(TENANTS_CGROUP) });
  if (options.print === true) return print(io, text.trimEnd());
  if (existsSync(file) && force !== true) throw present(file);
  // A file that was made meanwhile stays, too.
  await writeFile(file, text, { flag: force === true ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? present(file) : unwritable(file, error);
  });
  if (options.json === true) return printJson(io, { file, service, ...application });
  await print(io, report(application, service, file, options));
}

function given({ command, port }: InitOptions): Application | null {
  if (command === undefined) return null;
  const split = commandOf(command);
  return {
    kind: 'what --command says',
    command: split,
    listen: port === true || command.includes('PORT') ? 'port' : 'socket',
  };
}

function report({ kind, before }: Application, service: string, file: string, { config }: InitOptions): string {
  const name = config === undefined ? '' : ` -c ${config}`;
  return [
    `${file} written for ${kind}`,
    ...(before === undefined ? [] : [before]),
    'Next:',
    `  tenement serve${name}`,
    `  tenement spawn ${service} --id acme${name}     (in a second terminal)`,
    '  curl http://acme.localhost:8080/',
    `Under systemd, as root: tenement install${name}`,
  ].join('\n');
}

function present(file: string): TenementError {
  const hint = 'Replace it with --force, or look at what would be written with --print.';
  return new TenementError('already_exists', `${file} is there already`, { hint });
}

function unwritable(file: string, { code, message }: NodeJS.ErrnoException): TenementError {
  const hint = 'Name a file in a directory that exists and that you may write in with -c FILE.';
  return new TenementError('usage', `${file} cannot be written (${code ?? message})`, { hint });
}

function nothingFound(dir: string): TenementError {
  return new TenementError('usage', `no application was found in ${dir}`, {
    hint: 'Say what runs it: `tenement init --command "python3 app.py" --port`.',
  });
}
