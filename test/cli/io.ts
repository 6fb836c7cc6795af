/** The input and output of a command line that a test runs in this process. */
import { Writable } from 'node:stream';
import type { CliIo } from '../../src/cli/output/io.ts';

class Sink extends Writable {
  text = '';
  /** Called with all output so far. */
  onText: (text: string) => void = () => {};

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.onText(this.text);
    done();
  }
}

export function testIo(env: NodeJS.ProcessEnv = {}, color = false, answer: string | null = null, secret = '') {
  const columns = color ? 80 : null;
  const interrupt = new AbortController();
  const stdout = new Sink();
  const stderr = new Sink();
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return answer ?? '';
  };
  const readSecret = async (question: string) => {
    questions.push(question);
    return secret;
  };
  const errors = { isTerminal: color, color, columns };
  const terminal = { isTerminal: color, columns, errors, ask: answer === null ? null : ask };
  const io: CliIo = { stdout, stderr, env, color, ...terminal, readSecret, interrupted: () => interrupt.signal };
  return { questions, io, stdout, stderr, interrupt };
}
