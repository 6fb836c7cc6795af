/** `tenement verify`: tries two tenants against each other, and says what one could reach of the other. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Finding, passes, type Result, type VerifyOutcome } from '../../core/verify/finding.ts';
import { type Probe, parseProbe } from '../../core/verify/web/probe-file.ts';
import { TenementError } from '../../errors.ts';
import { CommandEnd } from '../command-end.ts';
import { plural } from '../output/format.ts';
import { type CliIo, print, printJson, printTable } from '../output/io.ts';
import type { Column } from '../output/table.ts';
import { terminalText } from '../output/terminal-text.ts';
import { type GlobalOptions, isLocal, withClient } from '../target.ts';

interface VerifyCommandOptions extends GlobalOptions {
  readonly probe?: string;
  readonly service?: string;
  readonly wake: boolean;
  readonly allowShared?: boolean;
  readonly timeout: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const COLUMNS: readonly Column[] = [
  { heading: 'FROM', minWidth: 12 },
  { heading: 'TO', minWidth: 12 },
  { heading: 'TRIED TO', minWidth: 24 },
  { heading: 'RESULT' },
  { heading: 'DETAIL', rank: 1, minWidth: 10 },
];
const DEFAULT_TIMEOUT_S = 300;

const WORDS: Readonly<Record<Result, string>> = {
  refused: 'refused',
  absent: 'absent',
  leak: 'LEAK',
  not_separated: 'NOT SEPARATED',
  not_tried: 'not tried',
  failed: 'FAILED',
};
const IN_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'not there',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ECONNREFUSED: 'nothing listens there',
};
/** Results that call for an operator. */
const ALARMING: readonly Result[] = ['leak', 'not_separated', 'failed'];

export function verifyCommand(program: Command, io: CliIo): void {
  program
    .command('verify')
    .description('try two tenants against each other: exit status 1 if one can reach anything of the other')
    .argument('<tenant>')
    .argument('<other>')
    .option('--probe <file>', 'also send the requests of this file to both, and across (docs/verify.md)')
    .option('--service <name>', 'the service that the probe is for (default: the default service)')
    .option('--no-wake', 'let tenants sleep that do; what has no process is then not tried')
    .option('--allow-shared', 'exit 0 if all that was reached is what the level of isolation does not separate')
    .option('--timeout <seconds>', 'end after this time', seconds, DEFAULT_TIMEOUT_S)
    .option('-q, --quiet', 'print nothing if nothing was reached, else only that')
    .option('--json', 'print a JSON object')
    .action((tenant: string, other: string, _options, command: Command) =>
      verifyTenants([tenant, other], command.optsWithGlobals<VerifyCommandOptions>(), io),
    );
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value === 0)
    throw new TenementError('usage', `--timeout ${text}: expected whole seconds`);
  return value;
}

async function verifyTenants(
  tenants: readonly [string, string],
  options: VerifyCommandOptions,
  io: CliIo,
): Promise<void> {
  assertUsable(tenants, options, io);
  const probe = options.probe === undefined ? null : readProbe(options.probe);
  const signal = AbortSignal.any([io.interrupted(), AbortSignal.timeout(options.timeout * 1000)]);
  const { verify } = await import('../../local/verify/verify.ts');
  const outcome = await withClient(options, io, (client) =>
    verify(client, { tenants, probe, service: options.service ?? null, wakes: options.wake, env: io.env, signal }),
  );
  const hasPassed = passes(outcome, options.allowShared === true);
  if (options.json === true) await printJson(io, { ...outcome, passed: hasPassed });
  else await printOutcome(outcome, hasPassed, options.quiet === true, io);
  if (!hasPassed) throw new CommandEnd(1);
}

/** @throws {TenementError} `usage` */
function assertUsable([tenant, other]: readonly [string, string], options: VerifyCommandOptions, io: CliIo): void {
  if (tenant === other) throw new TenementError('usage', 'a tenant cannot be tried against itself: name two');
  if (isLocal(options, io.env)) return;
  throw new TenementError('usage', "verify runs on the server's machine, not over --api or TENEMENT_API", {
    hint: "Log in there as the server's user, and name its config with -c.",
  });
}

/** @throws {TenementError} `bad_input` */
function readProbe(file: string): Probe {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TenementError('bad_input', `cannot read the probe file: ${why}`);
  }
  return parseProbe(text, file);
}

async function printOutcome(outcome: VerifyOutcome, hasPassed: boolean, isQuiet: boolean, io: CliIo): Promise<void> {
  if (isQuiet && hasPassed) return;
  const shown = outcome.findings.filter(({ result }) => !isQuiet || ALARMING.includes(result));
  await printTable(io, {}, COLUMNS, shown.map(row));
  await print(io, '');
  for (const line of [...outcome.notes, ...reasonsOf(shown)]) await print(io, terminalText(line));
  await print(io, summary(outcome.findings));
}

function row({ from, to, what, result, detail }: Finding): string[] {
  return [from, to, what, WORDS[result], IN_WORDS[detail] ?? detail].map(terminalText);
}

/** Each reason once: it is the same for all attempts of a kind. */
function reasonsOf(findings: readonly Finding[]): string[] {
  const reasons = findings.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  return [...new Set(reasons)].map((reason) => `Not separated: ${reason}.`);
}

function summary(findings: readonly Finding[]): string {
  const counts = Object.entries(WORDS).flatMap(([result, word]) => {
    const count = findings.filter((finding) => finding.result === result).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return `${plural(findings.length, 'attempt')}: ${counts.join(', ')}`;
}
