/** `tenement status`: prints everything known about one instance. */
import type { Command } from 'commander';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { instanceOf, takesInstance } from '../../instance-argument.ts';
import { age, block, bytes, duration, isBusy, plural } from '../../output/format.ts';
import { type CliIo, print, printJson, tableSpace } from '../../output/io.ts';
import type { TableSpace } from '../../output/table.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

interface StatusOptions extends GlobalOptions {
  readonly id?: string;
  readonly json?: boolean;
}

type LabelledValue = readonly [label: string, value: string];

export function statusCommand(program: Command, io: CliIo): void {
  takesInstance(program.command('status'))
    .description('print all that is known of one instance')
    .option('--json', 'print the instance as JSON')
    .action(async (argument: string, _options, command: Command) => {
      const options = command.optsWithGlobals<StatusOptions>();
      const instance = instanceOf(argument, options.id);
      const view = await withClient(options, io, (client) => client.get(instance));
      if (options.json === true) await printJson(io, view);
      else await print(io, describe(view, Date.now(), tableSpace(io)));
    });
}

/** Formats the view for people. @param nowMs reference for ages */
export function describe(view: InstanceView, nowMs: number, space: Pick<TableSpace, 'columns'>): string {
  const entries = [...stateEntries(view, nowMs), ...placeEntries(view), ...useEntries(view, nowMs)];
  return [`${view.instance} is ${view.state}`, block(entries, space), ...lastExit(view, nowMs)].join('\n');
}

function stateEntries(view: InstanceView, nowMs: number): LabelledValue[] {
  const entries: LabelledValue[] = [['why', view.reason]];
  const since = view.pid === null ? (view.lastExit?.at ?? view.createdAt) : view.startedAt;
  const sinceLabel = view.pid === null ? 'no process' : 'running';
  if (since !== null) entries.push([sinceLabel, `since ${since}, ${age(since, nowMs)}`]);
  if (view.sleepsAt !== null)
    entries.push([view.state === 'suspended' ? 'ends' : 'sleeps', when(view.sleepsAt, nowMs)]);
  else if (view.state === 'ready') entries.push(['sleeps', sleepless(view)]);
  if (view.retryAt !== null) entries.push(['tries again', when(view.retryAt, nowMs)]);
  return entries;
}

function sleepless(view: InstanceView): string {
  return isBusy(view) ? 'not while something is open' : 'never';
}

function when(iso: string, nowMs: number): string {
  const inMs = Date.parse(iso) - nowMs;
  return inMs > 0 ? `in ${duration(inMs)}, at ${iso}` : `now, due at ${iso}`;
}

function placeEntries(view: InstanceView): LabelledValue[] {
  const entries: LabelledValue[] = [];
  if (view.url !== null) entries.push(['url', view.url]);
  if (view.socket !== null) entries.push(['socket', view.socket]);
  if (view.port !== null) entries.push(['port', String(view.port)]);
  if (view.pid !== null) entries.push(['pid', String(view.pid)]);
  return entries;
}

function useEntries(view: InstanceView, nowMs: number): LabelledValue[] {
  const entries: LabelledValue[] = [];
  if (view.memoryBytes !== null) entries.push(['memory', memory(view)]);
  if (view.limits.storageLimitMb !== null) entries.push(['storage', storage(view, view.limits.storageLimitMb, nowMs)]);
  if (view.cpuSeconds !== null) entries.push(['cpu', `${view.cpuSeconds.toFixed(1)} s`]);
  entries.push(['requests', requests(view, nowMs)]);
  const lastWake = view.lastWakeMs === null ? '' : `, the last in ${Math.round(view.lastWakeMs)} ms`;
  entries.push(['woken', `${plural(view.wakes, 'time')}${lastWake}`]);
  entries.push(['restarted', plural(view.restarts, 'time')]);
  return entries;
}

function memory(view: InstanceView): string {
  const limit = view.memoryLimitBytes;
  const peak = view.peakMemoryBytes === null ? '' : `, at most ${bytes(view.peakMemoryBytes)}`;
  return `${bytes(view.memoryBytes)}${limit === null ? '' : ` of ${bytes(limit)}`}${peak}`;
}

function storage({ state, storageBytes, storageMeasuredAt }: InstanceView, limitMb: number, nowMs: number): string {
  const limitBytes = limitMb * 1024 ** 2;
  if (storageBytes === null) return `not measured yet, of ${bytes(limitBytes)}`;
  const figures = `${bytes(storageBytes)} of ${bytes(limitBytes)}, measured ${age(storageMeasuredAt, nowMs)} ago`;
  if (storageBytes <= limitBytes) return figures;
  // The reason of the stop is shown above, with a remedy.
  if (state === 'stopped') return `${figures}: over its storage limit`;
  return `${figures}: over its storage limit; delete files in its directory, or raise storage_limit_mb`;
}

function requests(view: InstanceView, nowMs: number): string {
  const direct =
    view.openConnections === 0 ? '' : `, ${plural(view.openConnections, 'connection')} directly to its socket`;
  const open = `${view.inFlight} in flight, ${plural(view.openStreams, 'open stream')}${direct}`;
  const last = view.lastActivityAt === null ? '' : `, last active ${age(view.lastActivityAt, nowMs)} ago`;
  return `${view.requests}; ${open}${last}`;
}

function lastExit(view: InstanceView, nowMs: number): string[] {
  const exit = view.lastExit;
  if (exit === null) return [];
  const how = exit.signal === null ? `code ${exit.code ?? 'unknown'}` : exit.signal;
  const detail = exit.detail === null ? '' : `: ${terminalText(exit.detail)}`;
  const head = `last exit: ${exit.reason}, ${how}, ${age(exit.at, nowMs)} ago (${exit.at})${detail}`;
  return [head, ...exit.lastLines.map((text) => `  | ${terminalText(text)}`)];
}
