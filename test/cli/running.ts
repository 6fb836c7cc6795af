/** Runs a command line in this process against an API over fakes, and keeps what it prints. */
import { run } from '../../src/cli/program.ts';
import { runningApi } from '../api/running.ts';
import { testIo } from './io.ts';

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
