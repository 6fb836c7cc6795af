/** Runs hooks as processes of their own group, and leaves nothing of them. */
import { execa } from 'execa';
import type { HookResult, HookRun, HookRunner } from '../../core/provisioning/hook-run.ts';
import { hookProgram } from '../../node/hook-program.ts';
import { endStrays } from '../child/strays.ts';
import { terminateAll } from '../child/terminate.ts';
import { coverInherited, type DescriptorCover } from '../launch/descriptors.ts';
import { findCommand } from '../launch/wrapper.ts';
import { identityOf } from '../proc/proc.ts';
import { lookAtProcesses } from '../proc/process-snapshot.ts';
import { lookAt } from '../storage/files.ts';
import { BoundedOutput, MAX_OUTPUT_BYTES } from './hook-output.ts';

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2000;
/** How long the output of a process is waited for that has left the group and holds it open. */
const OUTPUT_WAIT_MS = 1000;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MIB = 1024 * 1024;
const NEVER = new AbortController().signal;

export interface HookRunnerOptions {
  /** The server's own environment. */
  readonly baseEnv: NodeJS.ProcessEnv;
  /** Directory of the marks of all hooks of this server. */
  readonly markDir: string;
}

interface Subject {
  readonly run: HookRun;
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

export function createHookRunner(options: HookRunnerOptions): HookRunner {
  const cover = coverInherited();
  return {
    run: async (run, signal) => {
      const env = environmentOf(run, options.baseEnv);
      const [program = ''] = run.words;
      const file = hookProgram(program, run.workdir);
      const problem = problemOf(file, run, env);
      if (problem !== null) return failed(problem);
      if (signal.aborted) return failed('it was not begun');
      return runHook({ run, file, env }, signal, cover);
    },
    endStrays: async () => {
      const marked = (await lookAtProcesses()).marked();
      await endStrays(marked.filter(({ socketPath }) => socketPath?.startsWith(`${options.markDir}/`)));
    },
  };
}

/** Later entries win. */
function environmentOf(run: HookRun, base: NodeJS.ProcessEnv): Record<string, string> {
  const inherited = run.inheritEnv.map((name) => [name, base[name]] as const);
  const given = {
    PATH: base['PATH'] ?? DEFAULT_PATH,
    HOME: base['HOME'] ?? '/',
    LANG: base['LANG'] ?? 'C.UTF-8',
    TZ: base['TZ'] ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    TMPDIR: base['TMPDIR'] ?? '/tmp',
  };
  return {
    ...given,
    ...Object.fromEntries(inherited.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    ...run.env,
    HOOK_ACTION: run.action,
    SOCKET_PATH: run.mark,
  };
}

function problemOf(file: string, { workdir }: HookRun, env: Record<string, string>): string | null {
  if (lookAt(workdir)?.isDirectory() !== true) return `its working directory is not there: ${workdir}`;
  const found = findCommand(file, workdir, env['PATH'] ?? '');
  if (found === 'there') return null;
  return found === 'forbidden' ? `not allowed to run: ${file}` : `command not found: ${file}`;
}

function failed(reason: string): HookResult {
  return { ok: false, reason, output: new Uint8Array(), errors: '' };
}

async function runHook(subject: Subject, signal: AbortSignal, cover: DescriptorCover): Promise<HookResult> {
  const { run } = subject;
  const subprocess = start(subject, cover);
  const { pid, stdout, stderr, nodeChildProcess } = subprocess;
  if (pid === undefined) return failed(`it could not be run: ${(await subprocess).originalMessage ?? subject.file}`);
  const leader = identityOf(pid);
  const exited = new Promise<string | null>((resolve) => {
    nodeChildProcess.once('exit', (code, name) => resolve(exitProblem(code, name)));
  });
  const { promise: cut, resolve: end } = Promise.withResolvers<string>();
  const output = new BoundedOutput(stdout, 'values', () => end(tooMuch('values', 'standard output')));
  const errors = new BoundedOutput(stderr, 'words', () => end(tooMuch('words', 'standard error')));
  const isCut = cut.then(() => GRACE_MS);
  const free = endsEarly(run.timeoutMs, signal, end);
  const graceMs = await Promise.race([exited.then(() => 0), isCut]);
  free();
  await terminateAll({ leader, exited, socketPath: run.mark, hurry: NEVER, graceMs, cgroup: null });
  await Promise.race([Promise.all([output.ended, errors.ended]), wait(OUTPUT_WAIT_MS)]);
  for (const one of [output, errors]) one.close();
  const reason = await (graceMs === 0 ? exited : cut);
  const printed = { output: output.kept, errors: errors.kept.toString('utf8') };
  const wasEnded = graceMs !== 0 || nodeChildProcess.signalCode !== null;
  return reason === null ? { ok: true, ...printed } : { ok: false, reason, isCut: wasEnded, ...printed };
}

function start({ run, file, env }: Subject, cover: DescriptorCover) {
  return execa(file, run.words.slice(1), {
    cwd: run.workdir,
    env,
    extendEnv: false,
    detached: true,
    // execa accepts any descriptor; its types name only 3 to 9.
    stdio: ['ignore', 'pipe', 'pipe', ...(cover.stdio as readonly ('ignore' | 9)[])],
    cleanup: false,
    buffer: false,
    reject: false,
  });
}

/** Calls `end` at the time-out, or when `signal` aborts. The returned function prevents both. */
function endsEarly(timeoutMs: number, signal: AbortSignal, end: (reason: string) => void): () => void {
  const timer = setTimeout(() => end(`it took longer than ${timeoutMs / 1000} s, and was ended`), timeoutMs);
  const onAbort = () => end('it was ended');
  signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
}

function tooMuch(kind: keyof typeof MAX_OUTPUT_BYTES, where: string): string {
  return `it printed more than ${MAX_OUTPUT_BYTES[kind] / MIB} MiB on ${where}, and was ended`;
}

function exitProblem(code: number | null, signal: string | null): string | null {
  if (signal !== null) return `it was killed by ${signal}`;
  return code === 0 ? null : `it ended with exit status ${code}`;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
