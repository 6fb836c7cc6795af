/** `tenement init`: writes a config for the application in a directory. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { TENANTS_CGROUP } from '../../core/service/unit-files.ts';
import { assertTenantId } from '../../core/tenants/tenant.ts';
import { TenementError } from '../../errors.ts';
import { type Application, commandOf } from '../../local/init/application.ts';
import { configText, serviceTables } from '../../local/init/config-text.ts';
import { detect } from '../../local/init/detect.ts';
import { replaceExample } from '../../local/init/packaged-example.ts';
import { projectFiles } from '../../local/init/project-files.ts';
import { type CliIo, print, printJson } from '../output/io.ts';
import { configFile, type GlobalOptions } from '../target.ts';

interface InitOptions extends GlobalOptions {
  readonly dir?: string | undefined;
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
    .description('write a config for the application in a directory')
    .argument('[dir]', 'directory of the application (default: that of the config, if -c names one, or else this one)')
    .option('--service <name>', 'the name of the service', 'web')
    .option('--command <line>', 'what runs the application (default: found out from its files)')
    .option('--port', 'with --command: it listens on $PORT, rather than on the socket $SOCKET_PATH')
    .option('--print', 'print it, and write nothing')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print what was found as JSON')
    .action((dir: string | undefined, _options, command: Command) =>
      init({ ...command.optsWithGlobals<InitOptions>(), dir }, io),
    );
}

async function init(options: InitOptions, io: CliIo): Promise<void> {
  const { service, force } = options;
  assertTenantId(service);
  const file = configFile(options, io.env);
  const dir = resolve(options.dir ?? (options.config === undefined ? '.' : dirname(file)));
  const application = given(options) ?? detect(projectFiles(dir));
  if (application === null) throw nothingFound(dir);
  const isNamed = options.dir !== undefined || options.command === undefined;
  const workdir = isNamed && dir !== dirname(file) ? dir : null;
  const packaged = force === true ? null : inPlaceOfExample(file, serviceTables(application, { service, workdir }));
  const text = packaged ?? configText(application, { service, workdir, hasUnits: existsSync(TENANTS_CGROUP) });
  if (options.print === true) return print(io, text.trimEnd());
  if (packaged === null && existsSync(file) && force !== true) throw present(file);
  await write(file, text, force === true || packaged !== null);
  if (options.json === true) return printJson(io, { file, service, ...application });
  await print(
    io,
    packaged === null ? report(application, service, file, options) : replaced(application, service, file),
  );
}

/** Returns the config of the Debian package with the service; null: it is another config, or an edited one. */
function inPlaceOfExample(file: string, tables: string): string | null {
  return existsSync(file) ? replaceExample(readFileSync(file, 'utf8'), tables) : null;
}

/** A file that was made meanwhile stays, too, unless it may be replaced. One that is there keeps its owner and mode. */
async function write(file: string, text: string, mayReplace: boolean): Promise<void> {
  await writeFile(file, text, { flag: mayReplace ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? present(file) : unwritable(file, error);
  });
}

function given({ command, port }: InitOptions): Application | null {
  if (command === undefined) return null;
  const split = commandOf(command);
  return {
    kind: 'what --command says',
    command: split,
    listen: port === true || /PORT|\{port\}/.test(command) ? 'port' : 'socket',
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

/** The server of the package runs already, or is started by its units. */
function replaced({ kind, before }: Application, service: string, file: string): string {
  return [
    `${file}: the example was replaced by ${kind}`,
    ...(before === undefined ? [] : [before]),
    'Next:',
    '  tenement check',
    '  systemctl reload tenement',
    `  tenement spawn ${service} --id acme`,
    '  curl http://acme.localhost:8080/',
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
