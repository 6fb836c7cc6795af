/** Runs the hooks of the package as tenement does: with few variables, and none of the tests' own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { PATH } from '../../../databases/programs.ts';

export const HOOKS = fileURLToPath(new URL('../../../../hooks', import.meta.url));

export interface HookResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it printed as NAME=VALUE. */
  readonly values: Record<string, string>;
}

export type Variables = Readonly<Record<string, string>>;

export async function runHook(name: string, args: readonly string[], variables: Variables = {}): Promise<HookResult> {
  const env = { PATH, HOME: '/nonexistent', LANG: 'C.UTF-8', ...variables };
  const child = spawn(`${HOOKS}/${name}`, args, { cwd: HOOKS, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  const lines = stdout.split('\n').filter(Boolean);
  const values = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.replace(/^.*?=/, '')]));
  return { status: child.exitCode, stdout, stderr, values };
}

/** A hook with the administrator's variables, whose actions must succeed without a word on stderr. */
export class Hook {
  private readonly name: string;
  private readonly variables: Variables;

  constructor(name: string, variables: Variables) {
    this.name = name;
    this.variables = variables;
  }

  /** Runs an action. `known`: the secrets that the tenant has. */
  async run(action: string, id: string, known: Variables = {}): Promise<Record<string, string>> {
    const result = await runHook(this.name, [action, id], { ...this.variables, ...asSecrets(known) });
    expect(result, `${this.name} ${action} ${id}`).toMatchObject({ status: 0, stderr: '' });
    return result.values;
  }

  /** Runs an action that must fail; returns the one line that it says, after `NAME: `. */
  async failure(action: string, id: string, variables: Variables = {}): Promise<string> {
    const result = await runHook(this.name, [action, id], { ...this.variables, ...variables });
    expect(result, `${this.name} ${action} ${id}`).toMatchObject({ status: 1, stdout: '' });
    const [, line = ''] = new RegExp(`^${this.name}: (.+)\n$`).exec(result.stderr) ?? [];
    expect(line, `one line on stderr: ${result.stderr}`).not.toBe('');
    return line;
  }
}

/** As tenement gives present secrets to a hook. */
function asSecrets(known: Variables): Variables {
  return Object.fromEntries(Object.entries(known).map(([name, value]) => [`SECRET_${name}`, value]));
}
