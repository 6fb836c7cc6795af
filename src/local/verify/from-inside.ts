/**
 * Lets each instance of two tenants try what is the other's. First each is asked for what only it knows and to plant what
 * others must not find, then each tries, then what was planted is removed.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../../core/service/service.ts';
import type { InstanceView } from '../../core/verbs/verbs.ts';
import type { Answer, Step } from '../../core/verify/attempt.ts';
import { type Attempt, attemptsOn, attemptsOnState } from '../../core/verify/attempts-on.ts';
import { databaseAttempts, type PlantedKey, plantKey, removeKey } from '../../core/verify/database-attempts.ts';
import { type Database, databasesOf } from '../../core/verify/databases.ts';
import { type Finding, judge } from '../../core/verify/finding.ts';
import { whyNotSeparated } from '../../core/verify/separation.ts';
import type { Subject } from '../../core/verify/subject.ts';
import { TenementError, toTenementError } from '../../errors.ts';
import { factsOf, ownStateOf } from './facts.ts';
import { type InsideDeps, lookInside } from './inside/inside.ts';

/** An instance, with what it says itself. */
interface Looked {
  /** Whether it answered. If not, others try what the host knows of it. */
  readonly isSeen: boolean;
  readonly subject: Subject;
  readonly databases: readonly Database[];
  readonly keys: readonly PlantedKey[];
}

const UNSEEN = { isSeen: false, databases: [], keys: [] };

export interface FromInside {
  /** Instances of both tenants. */
  readonly views: readonly InstanceView[];
  readonly config: Config;
  readonly deps: InsideDeps;
  /** For the removal, which is done also after an interruption. */
  readonly later: InsideDeps;
}

export async function tryFromInside({ views, config, deps, later }: FromInside): Promise<Finding[]> {
  const findings: Finding[] = [];
  const all: Looked[] = [];
  try {
    for (const view of views) {
      try {
        all.push(await lookAround(view, config, deps));
      } catch (error) {
        findings.push(failure(view.instance, error));
        all.push({ ...UNSEEN, subject: { ...factsOf(view, config), env: {}, fileNames: [] } });
      }
    }
    for (const one of all.filter(({ isSeen }) => isSeen)) findings.push(...(await tryAll(one, all, config, deps)));
  } finally {
    for (const one of all) findings.push(...(await removeKeys(one, later)));
  }
  return findings;
}

function failure(from: string, error: unknown): Finding {
  const { message, hint } = toTenementError(error);
  return { kind: 'files', what: 'try from inside', from, to: '', result: 'failed', detail: `${message}. ${hint}` };
}

/** Asks an instance for what only it knows, and plants keys in its Redis. */
async function lookAround(view: InstanceView, config: Config, deps: InsideDeps): Promise<Looked> {
  const facts = factsOf(view, config);
  const planting: Omit<PlantedKey, 'planted'>[] = [];
  const { answers, env } = await lookInside(view.instance, deps, (env) => {
    planting.push(...keysFor(view.id, env));
    return [{ op: 'names', path: facts.tenantDir }, ...planting.map(plantKey)];
  });
  const [names, ...planted] = answers;
  const keys = planting.map((key, index) => ({ ...key, planted: planted[index] }));
  const databases = [
    ...keys.map(({ database }) => database),
    ...databasesOf(env).filter(({ kind }) => kind !== 'redis'),
  ];
  return { isSeen: true, subject: { ...facts, env, fileNames: names?.output.split('\n') ?? [] }, databases, keys };
}

/** A tenant of its own in Redis is bound to the keys that begin with its prefix. */
function keysFor(tenantId: string, env: Subject['env']): Omit<PlantedKey, 'planted'>[] {
  const prefix = env['REDIS_PREFIX'] ?? `tenant:${tenantId}:`;
  const caches = databasesOf(env).filter(({ kind }) => kind === 'redis');
  return caches.map((database) => ({
    database,
    key: `${prefix}tenement-verify-${randomBytes(6).toString('hex')}`,
    value: randomBytes(12).toString('hex'),
  }));
}

async function tryAll(one: Looked, all: readonly Looked[], config: Config, deps: InsideDeps): Promise<Finding[]> {
  const from = one.subject;
  const others = all.filter(({ subject }) => subject.tenantId !== from.tenantId);
  const attempts = [
    ...others.flatMap(({ subject }) => attemptsOn(from, subject)),
    ...attemptsOnState(from, ownStateOf(config)),
  ].map((attempt) => ({ ...attempt, judge: (answers: Answers) => judgeAttempt(attempt, answers, from) }));
  const onDatabases = others.flatMap(({ subject: { instance }, databases, keys }) =>
    databaseAttempts({ from: from.instance, to: instance }, one.databases, databases, keys),
  );
  try {
    return await answered(from, [...attempts, ...onDatabases], deps);
  } catch (error) {
    return [failure(from.instance, error)];
  }
}

type Answers = readonly (Answer | undefined)[];

interface Judged {
  readonly steps: readonly Step[];
  judge(answers: Answers): Finding;
}

/** Makes all attempts, after one on the instance's own directory: without it a refusal would prove nothing. */
async function answered(from: Subject, attempts: readonly Judged[], deps: InsideDeps): Promise<Finding[]> {
  const control: Step = { op: 'list', path: from.tenantDir };
  const steps = [control, ...attempts.flatMap((attempt) => attempt.steps)];
  const { answers } = await lookInside(from.instance, deps, () => steps);
  const [own] = answers;
  if (own?.outcome !== 'reached')
    throw new TenementError('exec_failed', `${from.instance} cannot even list its own directory: ${own?.detail}`);
  let at = 1;
  return attempts.map((attempt) => {
    const its = answers.slice(at, at + attempt.steps.length);
    at += attempt.steps.length;
    return attempt.judge(its);
  });
}

function judgeAttempt(attempt: Attempt, answers: Answers, { service }: Subject): Finding {
  const { kind, what, from, to, lack } = attempt;
  const attempted = { kind, what, from, to };
  if (lack !== null) return { ...attempted, result: 'not_tried', detail: lack };
  return judge(attempted, answers, whyNotSeparated(kind, service));
}

async function removeKeys({ subject, keys }: Looked, deps: InsideDeps): Promise<Finding[]> {
  const planted = keys.filter((key) => key.planted?.outcome === 'reached' && key.planted.output === 'OK');
  if (planted.length === 0) return [];
  const { answers } = await lookInside(subject.instance, deps, () => planted.map(removeKey)).catch(() => ({
    answers: [],
  }));
  return planted.flatMap(({ key }, index) =>
    answers[index]?.output === '1'
      ? []
      : [failure(subject.instance, new Error(`${key} could not be removed; it expires`))],
  );
}
