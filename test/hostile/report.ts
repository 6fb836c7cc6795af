/**
 * `node test/hostile/report.ts [--level NAME] [--attempt TEXT]`: makes every attempt at every level that this machine
 * gives, or those of that level and those whose line has that text, and prints a table. Each finding goes to stderr.
 */
import { parseArgs } from 'node:util';
import { ATTEMPTS } from './attempts.ts';
import { LEVELS, type Level, supported } from './levels.ts';
import { openScene, type Scene } from './scene.ts';
import { type Trial, trialsAt } from './trial.ts';

interface Row {
  readonly trial: Trial;
  /** `failed`: the attempt itself is wrong. */
  readonly outcome: 'done' | 'denied' | 'failed' | null;
}

const { values: chosen } = parseArgs({ options: { level: { type: 'string' }, attempt: { type: 'string' } } });

/** null: this machine, or this version, does not support that level. */
async function rowsAt(level: Level): Promise<Row[] | null> {
  const refused = await supported(level);
  if (refused !== null) {
    console.error(`${level.name}: ${refused}`);
    return null;
  }
  const scene = await openScene(level);
  const rows: Row[] = [];
  try {
    for (const trial of await trialsAt(level)) rows.push(await rowOf(trial, scene));
    return rows;
  } finally {
    await scene.close();
  }
}

async function rowOf(trial: Trial, scene: Scene): Promise<Row> {
  const { attempt, skipped } = trial;
  if (skipped !== null || !isChosen(attempt.what)) {
    console.error(`${scene.level.name}: ${attempt.what}: not tried${skipped === null ? '' : `, ${skipped}`}`);
    return { trial, outcome: null };
  }
  const failed = (error: Error) => ({ outcome: 'failed' as const, detail: error.message });
  const { outcome, detail } = await attempt.tryIt(scene).catch(failed);
  console.error(`${scene.level.name}: ${attempt.what}: ${outcome}, ${detail.replaceAll('\0', '@')}`);
  return { trial, outcome };
}

function isChosen(what: string): boolean {
  return what.includes(chosen.attempt ?? '');
}

/** Reasons, numbered in order of appearance. */
const reasons: string[] = [];

function cellOf(row: Row | undefined): string {
  if (row === undefined || row.outcome === null) return '–';
  const { trial, outcome } = row;
  if (outcome !== trial.expected) return `**${outcome}** (!)`;
  if (trial.why === null) return outcome;
  if (!reasons.includes(trial.why)) reasons.push(trial.why);
  return `**${outcome}** [${reasons.indexOf(trial.why) + 1}]`;
}

const levels = LEVELS.filter(({ name }) => chosen.level === undefined || name === chosen.level);
const columns: (Row[] | null)[] = [];
for (const level of levels) columns.push(await rowsAt(level));
const lines = ATTEMPTS.map(({ what }, index) => [what, ...columns.map((rows) => cellOf(rows?.[index]))]);
const head = ['attempt', ...levels.map(({ name }) => name)];
const wanted = lines.filter(([what = '']) => isChosen(what));
for (const line of [head, head.map(() => '---'), ...wanted]) console.log(`| ${line.join(' | ')} |`);
console.log(`\n${reasons.map((reason, index) => `${index + 1}. ${reason}`).join('\n')}`);
if (wanted.some((line) => line.some((cell) => cell.endsWith('(!)')))) process.exitCode = 1;
