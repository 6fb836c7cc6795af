/** One verb on many instances or tenants: so many at a time, with a line for each and a summary. */
import { constants } from 'node:os';
import { type TenementError, toTenementError } from '../errors.ts';
import { CommandEnd } from './command-end.ts';
import { duration, plural } from './output/format.ts';
import { type CliIo, print, printJson } from './output/io.ts';
import { StatusLine } from './output/status-line.ts';
import { terminalText } from './output/terminal-text.ts';

export interface BulkWork {
  /** As in `restarted 3 of 4 instances`. */
  readonly done: string;
  readonly noun: 'instance' | 'tenant';
  readonly names: readonly string[];
  readonly parallel: number;
  /** Whether the first failure keeps the rest as it is. */
  readonly haltsOnFailure: boolean;
  /** @throws {TenementError} */
  call(name: string): Promise<{ readonly state: string }>;
}

interface Outcome {
  readonly name: string;
  readonly state: string | null;
  readonly error: TenementError | null;
}

const INTERRUPTED = 128 + constants.signals.SIGINT;

/** @throws {CommandEnd} unless all was done */
export async function runBulk(work: BulkWork, io: CliIo, json: boolean): Promise<void> {
  const beganMs = performance.now();
  const interrupt = io.interrupted();
  const outcomes = await perform(work, io, json, interrupt);
  const failed = outcomes.flatMap(({ error }) => (error === null ? [] : [error]));
  if (json)
    await printJson(
      io,
      outcomes.map((one) => asJson(one, work.noun)),
    );
  else await print(io, summary(work, outcomes, duration(performance.now() - beganMs)));
  if (interrupt.aborted) throw new CommandEnd(INTERRUPTED);
  if (failed.length > 0) throw new CommandEnd(Math.max(...failed.map(({ exitStatus }) => exitStatus)));
}

async function perform(work: BulkWork, io: CliIo, json: boolean, interrupt: AbortSignal): Promise<Outcome[]> {
  const waiting = [...work.names];
  const outcomes: Outcome[] = [];
  const line = new StatusLine(io);
  const running = new Set<string>();
  const show = () => line.show(`${outcomes.length} of ${work.names.length}: ${[...running].join(', ')}`);
  const isHalted = () => interrupt.aborted || (work.haltsOnFailure && outcomes.some(({ error }) => error !== null));
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined && !isHalted(); next = waiting.shift()) {
      running.add(next);
      show();
      const outcome = await outcomeOf(next, work);
      running.delete(next);
      outcomes.push(outcome);
      line.clear();
      if (!json) await tell(outcome, io);
      if (running.size > 0) show();
    }
  };
  await Promise.all(Array.from({ length: Math.min(work.parallel, waiting.length) }, lane));
  line.clear();
  return outcomes;
}

async function outcomeOf(name: string, work: BulkWork): Promise<Outcome> {
  try {
    const { state } = await work.call(name);
    return { name, state, error: null };
  } catch (error) {
    return { name, state: null, error: toTenementError(error) };
  }
}

async function tell({ name, state, error }: Outcome, io: CliIo): Promise<void> {
  if (error !== null) io.stderr.write(`tenement: ${told(name, error)} (${error.code})\n`);
  else await print(io, `${name} ${state}`);
}

/** Names what it is about, which messages of verbs usually do. */
function told(name: string, { message }: TenementError): string {
  return terminalText(message.includes(name) ? message : `${name}: ${message}`).replaceAll(/\s*\n\s*/g, ' ');
}

function summary({ done, noun, names, haltsOnFailure }: BulkWork, outcomes: readonly Outcome[], took: string): string {
  const failed = outcomes.filter(({ error }) => error !== null).length;
  const untouched = names.length - outcomes.length;
  const all = plural(names.length, noun);
  const parts = [
    failed === 0 && untouched === 0 ? `${done} ${all}` : `${done} ${outcomes.length - failed} of ${all}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(untouched > 0 ? [`${untouched} left as ${untouched === 1 ? 'it is' : 'they are'}`] : []),
  ];
  const hint = failed > 0 && untouched > 0 && haltsOnFailure ? '; --keep-going goes on after a failure' : '';
  return `${parts.join(', ')}, in ${took}${hint}`;
}

function asJson({ name, state, error }: Outcome, noun: BulkWork['noun']) {
  const failure = error === null ? null : { code: error.code, message: error.message, hint: error.hint };
  return { [noun]: name, state, error: failure };
}
