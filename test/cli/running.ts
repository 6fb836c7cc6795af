/** Runs a command line in this process against an API over fakes, and keeps what it prints. */
import { Writable } from 'node:stream';
import type { CliIo } from '../../src/cli/output/io.ts';
import { run } from '../../src/cli/program.ts';
import { runningApi } from '../api/running.ts';

class Sink extends Writable {
  text = '';
  /** Called with all that was printed so far. */
  onText: (text: string) => void = () => {};

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.onText(this.text);
    done();
  }
}

export function testIo(env: NodeJS.ProcessEnv = {}, color = false, answer: string | null = null) {
  const interrupt = new AbortController();
  const stdout = new Sink();
  const stderr = new Sink();
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return answer ?? '';
  };
  const terminal = { isTerminal: color, ask: answer === null ? null : ask };
  const io: CliIo = { stdout, stderr, env, color, ...terminal, interrupted: () => interrupt.signal };
  return { questions, io, stdout, stderr, interrupt };
}

/** Exit status, stdout and stderr of a command line. */
export async function cli(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { io, stdout, stderr } = testIo(env);
  const status = await run(argv, io);
  return { status, out: stdout.text, err: stderr.text };
}

/** An API with `api:acme`, and command lines that go to it. */
export async function runningCli() {
  const api = await runningApi();
  const env = { TENEMENT_API: api.url };
  return { ...api, env, cli: (...argv: string[]) => cli(argv, env) };
}
