/** Reads units with `systemctl show`, which prints lines `Property=value`, and an empty line between units. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ServiceUnit } from '../../core/service/service-unit.ts';
import type { UnitSocket } from '../../core/service/unit-sockets.ts';
import { mostDescriptors } from '../launch/descriptors.ts';
import { findProgram } from '../launch/wrapper.ts';
import type { UnitName } from './own-unit.ts';
import { servicesStarting, unitDirs } from './unit-files.ts';

/** Without a manager that answers, systemctl would wait for minutes. */
const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** PATH of what systemd starts (systemd.exec(5), "Environment variables in spawned processes"). */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PROPERTIES = [
  'Id',
  'User',
  'KillMode',
  'Delegate',
  'DelegateSubgroup',
  'RuntimeDirectory',
  'RuntimeDirectoryPreserve',
  'PrivateTmp',
  'LimitNOFILE',
  'Environment',
  'WorkingDirectory',
  'ExecStart',
  'TriggeredBy',
];
const SOCKET_PROPERTIES = ['Id', 'FileDescriptorName', 'Listen'];

export type Properties = Readonly<Record<string, string>>;

/** Returns null when systemd does not answer. */
export async function showUnit({ name, manager }: UnitName): Promise<ServiceUnit | null> {
  const [properties] = await show(manager, [name]);
  return properties === undefined
    ? null
    : withSockets(manager, serviceUnit(properties, runtimeBase(manager)), properties);
}

/** Lists services that start a program matching `word` and that `isAsked` accepts, running or not. */
export async function serviceUnits(
  manager: UnitName['manager'],
  word: RegExp,
  isAsked: (properties: Properties) => boolean,
): Promise<ServiceUnit[]> {
  // If systemd has not booted the machine, there is no manager to ask (sd_booted(3)).
  if (!existsSync('/run/systemd/system')) return [];
  const files = await servicesStarting(word, unitDirs(manager));
  const templates = files.filter((name) => name.includes('@.'));
  const names = [...files.filter((name) => !templates.includes(name)), ...(await instancesOf(manager, templates))];
  if (names.length === 0) return [];
  const all = await show(manager, names);
  const asked = all.filter(isAsked);
  return Promise.all(asked.map((one) => withSockets(manager, serviceUnit(one, runtimeBase(manager)), one)));
}

async function withSockets(
  manager: UnitName['manager'],
  unit: ServiceUnit,
  properties: Properties,
): Promise<ServiceUnit> {
  const names = wordsOf(properties['TriggeredBy'] ?? '').filter((name) => name.endsWith('.socket'));
  if (names.length === 0) return unit;
  const output = await systemctl(manager, ['show', `--property=${SOCKET_PROPERTIES.join(',')}`, '--', ...names]);
  return { ...unit, sockets: output.split('\n\n').map(unitSocket) };
}

/** Parses one unit, with a line `Listen=ADDRESS (Stream)` for each address; paths and other kinds are left out. */
export function unitSocket(paragraph: string): UnitSocket {
  const [, name = ''] = /^FileDescriptorName=(.*)$/m.exec(paragraph) ?? [];
  const streams = paragraph.matchAll(/^Listen=(?:\[(?<v6>[^\]]+)\]|(?<v4>[\d.]+)):(?<port>\d+) \(Stream\)$/gm);
  const listens = Array.from(streams, ({ groups }) => ({
    host: groups?.['v6'] ?? groups?.['v4'] ?? '',
    port: Number(groups?.['port']),
  }));
  return { name, listens };
}

/** Lists loaded instances of templates, such as `web@1.service`. */
async function instancesOf(manager: UnitName['manager'], templates: readonly string[]): Promise<string[]> {
  if (templates.length === 0) return [];
  const patterns = templates.map((name) => name.replace('@.', '@*.'));
  const text = await systemctl(manager, ['list-units', '--all', '--plain', '--no-legend', '--', ...patterns]);
  // A dot may precede the name of a failed unit.
  return text.split('\n').flatMap((line) => /\S+\.service/.exec(line)?.[0] ?? []);
}

async function show(manager: UnitName['manager'], names: readonly string[]): Promise<Properties[]> {
  const output = await systemctl(manager, ['show', `--property=${PROPERTIES.join(',')}`, '--', ...names]);
  return parseShow(output);
}

/** Returns the output, even when systemctl fails for one of many units. */
async function systemctl(manager: UnitName['manager'], words: readonly string[]): Promise<string> {
  const program = findProgram('systemctl');
  if (program === null) return '';
  const options = { encoding: 'utf8', timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES } as const;
  try {
    const { stdout } = await promisify(execFile)(program, [`--${manager}`, '--no-pager', ...words], options);
    return stdout;
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? '';
  }
}

export function parseShow(output: string): Properties[] {
  return output
    .split('\n\n')
    .map((paragraph) => {
      const lines = paragraph.split('\n').filter((line) => line.includes('='));
      return Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
    })
    .filter((properties) => properties['Id'] !== undefined);
}

/** @param base parent of the runtime directories */
export function serviceUnit(properties: Properties, base: string): ServiceUnit {
  const of = (name: string) => properties[name] ?? '';
  const keeps = of('RuntimeDirectoryPreserve');
  return {
    name: of('Id'),
    user: of('User'),
    killMode: of('KillMode'),
    delegated: of('Delegate') === 'yes',
    subgroup: of('DelegateSubgroup') || null,
    runtimeDirs: wordsOf(of('RuntimeDirectory')).map((name) => `${base}/${name.split(':')[0]}`),
    keepsRuntimeDirs: keeps === 'yes' || keeps === 'restart' ? keeps : 'no',
    // From systemd 257 on the value may be `disconnected`, which is private as well.
    privateTmp: !['', 'no'].includes(of('PrivateTmp')),
    sockets: [],
    nofileLimit: fileLimit(of('LimitNOFILE')),
    path: environmentOf(properties)['PATH'] ?? DEFAULT_PATH,
  };
}

function fileLimit(text: string): number | null {
  if (text === 'infinity') return mostDescriptors();
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** Parses `Environment=`. Variables from files are not known. */
export function environmentOf(properties: Properties): Readonly<Record<string, string>> {
  const words = (properties['Environment'] ?? '').match(/"[^"]*"|\S+/g) ?? [];
  return Object.fromEntries(
    words.map((word) => {
      const [name = '', ...value] = word.replace(/^"(.*)"$/, '$1').split('=');
      return [name, value.join('=')];
    }),
  );
}

/** Parses `ExecStart=`: `{ path=… ; argv[]=PROGRAM ARGUMENTS ; ignore_errors=no ; … }`. */
export function commandOf(properties: Properties): string[] {
  return wordsOf(/ argv\[\]=(.*?) ;/.exec(properties['ExecStart'] ?? '')?.[1] ?? '');
}

function runtimeBase(manager: UnitName['manager']): string {
  return manager === 'system' ? '/run' : (process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.() ?? 0}`);
}

function wordsOf(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}
