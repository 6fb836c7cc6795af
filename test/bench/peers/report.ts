/** The results of a run, as a table for a page of the documentation. */
import { availableParallelism } from 'node:os';
import { quantile } from '../figures.ts';
import type { BareStarts } from './bare-starts.ts';
import type { Interrupted } from './measures.ts';
import { type AppName, type Peer, type RunningPeer, TENANTS } from './peer.ts';
import type { Served } from './visitor.ts';

const NO_FIGURE = '-';

interface Findings {
  readonly wakesMs: number[];
  readonly perSecond: number[];
  readonly crashes: Interrupted[];
  readonly restarts: Served[];
  /** The memory of the peer's own processes, with one sleeping tenant and with twenty. */
  readonly memoryMb: { readonly one: number; readonly all: number };
}

export interface Entry {
  readonly peer: Peer;
  readonly running: RunningPeer;
  readonly found: Findings;
}

const HEAD = [
  'peer',
  'application',
  'wake, ms (to bare start)',
  'back after `kill -9`, ms (to bare start)',
  'failed meanwhile',
  'requests/s (to tenement)',
  `own memory, ${TENANTS} asleep, MB`,
  'MB for each',
  'failed over a restart',
];

export function report(entries: readonly Entry[], bare: BareStarts): void {
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores, Node ${process.versions.node}`,
  );
  for (const app of ['flask', 'notes'] as const)
    console.log(`bare start of ${app}: ${bare.medianMs(app).toFixed(0)} ms`);
  for (const { peer } of entries) console.log(`${peer.name} ${peer.installation().version}, in front: ${peer.front}`);
  const rows = entries.map((entry) => rowOf(entry, bare.medianMs(entry.peer.app), oursOf(entries, entry.peer.app)));
  for (const row of [HEAD, HEAD.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
}

function oursOf(entries: readonly Entry[], app: AppName): readonly number[] {
  return entries.find(({ peer }) => peer.name === 'tenement' && peer.app === app)?.found.perSecond ?? [];
}

function rowOf({ peer, running, found }: Entry, bareMs: number, ours: readonly number[]): readonly string[] {
  const wake = running.wake === 'cannot' ? 'cannot' : besideBare(found.wakesMs, bareMs);
  return [
    peer.name,
    peer.app,
    typeof running.wake === 'function' ? `${wake}, by its API` : wake,
    backAfter(found.crashes, bareMs),
    failedOf(found.crashes),
    besideOurs(found.perSecond, ours),
    found.memoryMb.all.toFixed(0),
    eachOf(found.memoryMb),
    running.restart === null ? 'cannot' : failedOf(found.restarts),
  ];
}

/** `210 (1.05)`: the median, and its ratio to that of a bare start. */
function besideBare(valuesMs: readonly number[], bareMs: number): string {
  if (valuesMs.length === 0) return NO_FIGURE;
  const median = quantile(valuesMs, 0.5);
  // Without gunicorn there is no bare start of the Flask example.
  return bareMs === 0 ? median.toFixed(0) : `${median.toFixed(0)} (${(median / bareMs).toFixed(2)})`;
}

function backAfter(crashes: readonly Interrupted[], bareMs: number): string {
  const back = crashes.flatMap(({ backMs }) => backMs ?? []);
  if (crashes.length === 0) return NO_FIGURE;
  if (back.length < crashes.length)
    return back.length === 0 ? 'not back' : `not back in ${crashes.length - back.length}`;
  return `${besideBare(back, bareMs)}, longest ${Math.max(...back).toFixed(0)}`;
}

/** `3 of 120` */
function failedOf(all: readonly Served[]): string {
  if (all.length === 0) return NO_FIGURE;
  const sum = (pick: (served: Served) => number) => all.reduce((total, served) => total + pick(served), 0);
  return `${sum(({ failed }) => failed)} of ${sum(({ asked }) => asked)}`;
}

/** `5100 (0.84)`: the median, and its ratio to tenement's. */
function besideOurs(own: readonly number[], ours: readonly number[]): string {
  if (own.length === 0) return NO_FIGURE;
  const median = quantile(own, 0.5);
  const ratio = ours.length === 0 ? '' : ` (${(median / quantile(ours, 0.5)).toFixed(2)})`;
  return `${median.toFixed(0)}${ratio}`;
}

function eachOf({ one, all }: Findings['memoryMb']): string {
  const each = (all - one) / (TENANTS - 1);
  return each < 0.05 ? '< 0.1' : each.toFixed(1);
}
