/**
 * Runs the probe program inside an instance, by what `exec` uses. The program runs as the tenant's user, and so may be
 * ended or tampered with by the tenant's own processes: its output is checked like that of any tenant.
 */
import { z } from 'zod';
import type { InstanceName } from '../../../core/lifecycle/instance.ts';
import type { OperatorCommand, PreparedCommand } from '../../../core/service/operator-command.ts';
import { type Answer, OUTCOMES, type Step } from '../../../core/verify/attempt.ts';
import { TenementError } from '../../../errors.ts';
import { closedToOthers } from '../../../process/isolation/dynamic-user.ts';
import { findProgram } from '../../../process/launch/wrapper.ts';
import { type Captured, capturePrepared } from '../../captured-command.ts';
import { programFor } from './program.ts';

const MAX_OUTPUT_BYTES = 1024 * 1024;
const PROGRAM_TIMEOUT_MS = 45_000;
/** Beyond the program's own time-out, for its start. */
const START_MS = 15_000;

export interface InsideDeps {
  prepareCommand(instance: InstanceName, asked: OperatorCommand): Promise<PreparedCommand>;
  readonly signal: AbortSignal;
}

export interface Inside {
  /** One for each step; undefined where the program gave none. */
  readonly answers: readonly (Answer | undefined)[];
  /** The instance's variables, as its config has them. */
  readonly env: Readonly<Record<string, string>>;
}

const answersSchema = z.array(
  z.object({ outcome: z.enum(OUTCOMES), detail: z.string().max(8192), output: z.string().max(16_384) }).nullable(),
);

/** @throws {TenementError} `exec_failed` when the program does not answer; the errors of `exec` */
export async function lookInside(
  instance: InstanceName,
  deps: InsideDeps,
  stepsFor: (env: Inside['env']) => readonly Step[],
): Promise<Inside> {
  const words = [nodeForAll(), '--input-type=commonjs', '-'];
  const prepared = await deps.prepareCommand(instance, { words, term: null, isProbe: true });
  const steps = stepsFor(prepared.env);
  const captured = await capturePrepared(prepared, {
    input: programFor({ steps, timeoutMs: PROGRAM_TIMEOUT_MS }),
    timeoutMs: PROGRAM_TIMEOUT_MS + START_MS,
    maxBytes: MAX_OUTPUT_BYTES,
    signal: deps.signal,
  });
  return { answers: answersOf(instance, captured, steps.length), env: prepared.env };
}

/** Returns a Node that every user may run: this one, or else the system's. */
function nodeForAll(): string {
  const systems = findProgram('node');
  return closedToOthers(process.execPath) === null || systems === null ? process.execPath : systems;
}

function answersOf(instance: InstanceName, captured: Captured, count: number): (Answer | undefined)[] {
  const parsed = answersSchema.safeParse(parsedJson(captured.stdout));
  if (parsed.success && parsed.data.length === count) return parsed.data.map((answer) => answer ?? undefined);
  throw new TenementError('exec_failed', `${instance}: the probe inside did not answer: ${whyNot(captured)}`);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function whyNot({ endedFor, status, stderr }: Captured): string {
  if (endedFor === 'time') return `it took longer than ${(PROGRAM_TIMEOUT_MS + START_MS) / 1000} s`;
  if (endedFor === 'output') return 'it printed too much';
  if (endedFor === 'interrupt') return 'it was interrupted';
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return `${status === null ? 'it was killed' : `exit status ${status}`}${last === '' ? '' : ` (${last})`}`;
}
