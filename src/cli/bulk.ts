/** One verb on many instances: so many at a time, with a line for each and a summary. */
import { constants } from 'node:os';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { InstanceView } from '../core/verbs/verbs.ts';
import { type TenementError, toTenementError } from '../errors.ts';
import { CommandEnd } from './command-end.ts';
import { duration, plural } from './output/format.ts';
import { type CliIo, print, printJson } from './output/io.ts';
import { StatusLine } from './output/status-line.ts';
import { terminalText } from './output/terminal-text.ts';

export interface BulkWork {
  /** As in `restarted 3 of 4 instances`. */
  readonly done: string;
  readonly instances: readonly InstanceName[];
  readonly parallel: number;
  /** Whether the first failure keeps the rest as it is. */
  readonly haltsOnFailure: boolean;
  /** @throws {TenementError} */
  call(instance: InstanceName): Promise<InstanceView>;
}

interface Outcome {
  readonly instance: InstanceName;
  readonly view: InstanceView | null;
  readonly error: TenementError | null;
}

const INTERRUPTED = 128 + constants.signals.SIGINT;

/** @throws {CommandEnd} unless all was done */
export async function runBulk(work: BulkWork, io: CliIo, json: boolean): Promise<void> {
  const beganMs = performance.now();
  const interrupt = io.interrupted();
  const outcomes = await perform(work, io, json, interrupt);
  const failed = outcomes.flatMap(({ error }) => (error === null ? [] : [error]));
  if (json) await printJson(io, outcomes.map(asJson));
  else await print(io, summary(work, outcomes, duration(performance.now() - beganMs)));
  if (interrupt.aborted) throw new CommandEnd(INTERRUPTED);
  if (failed.length > 0) throw new CommandEnd(Math.max(...failed.map(({ exitStatus }) => exitStatus)));
}

async function perform(work: BulkWork, io: CliIo, json: boolean, interrupt: AbortSignal): Promise<Outcome[]> {
  const waiting = [...work.instances];
  const outcomes: Outcome[] = [];
  const line = new StatusLine(io);
  const running = new Set<InstanceName>();
  const show = () => line.show(`${outcomes.length} of ${work.instances.length}: ${[...running].join(', ')}`);
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

async function outcomeOf(instance: InstanceName, work: BulkWork): Promise<Outcome> {
  try {
    return { instance, view: await work.call(instance), error: null };
  } catch (error) {
    return { instance, view: null, error: toTenementError(error) };
  }
}

async function tell({ instance, view, error }: Outcome, io: CliIo): Promise<void> {
  if (error !== null) io.stderr.write(`tenement: ${told(instance, error)} (${error.code})\n`);
  else await print(io, `${instance} ${view?.state}`);
}

/** Names the instance, which messages of verbs usually do. */
function told(instance: InstanceName, { message }: TenementError): string {
  return terminalText(message.includes(instance) ? message : `${instance}: ${message}`).replaceAll(/\s*\n\s*/g, ' ');
}

function summary({ done, instances, haltsOnFailure }: BulkWork, outcomes: readonly Outcome[], took: string): string {
  const failed = outcomes.filter(({ error }) => error !== null).length;
  const untouched = instances.length - outcomes.length;
  const all = plural(instances.length, 'instance');
  const parts = [
    failed === 0 && untouched === 0 ? `${done} ${all}` : `${done} ${outcomes.length - failed} of ${all}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(untouched > 0 ? [`${untouched} left as ${untouched === 1 ? 'it is' : 'they are'}`] : []),
  ];
  const hint = failed > 0 && untouched > 0 && haltsOnFailure ? '; --keep-going goes on after a failure' : '';
  return `${parts.join(', ')}, in ${took}${hint}`;
}

function asJson({ instance, view, error }: Outcome) {
  const failure = error === null ? null : { code: error.code, message: error.message, hint: error.hint };
  return { instance, state: view?.state ?? null, error: failure };
}
