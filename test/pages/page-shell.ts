/** Runs the commands of a page of the documentation against a real server, and compares what they print. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { MAIN } from '../e2e/follower.ts';
import type { TestServer } from '../e2e/test-server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Step {
  readonly command: string;
  /** What the page shows below the command. `…` stands for anything. Empty: it shows nothing. */
  readonly output: string;
}

/** Reads the commands of a page: indented lines that begin with `$`, each with the indented lines that follow it. */
export function stepsOf(page: string): Step[] {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^ {4}\$ (.*)\n((?: {4}(?!\$ ).*\n)*)/gm);
  return Array.from(blocks, ([, command = '', output = '']) => ({ command, output: output.replaceAll(/^ {4}/gm, '') }));
}

/** A reader's shell, in which the server has the addresses that the page names. */
export class PageShell {
  /** Replaces what the page calls otherwise than the test, in commands and in what is printed. */
  private readonly names: ReadonlyMap<string, string>;
  private readonly server: TestServer;
  private readonly env: Readonly<Record<string, string>>;

  constructor(
    server: TestServer,
    names: Readonly<Record<string, string>> = {},
    env: Readonly<Record<string, string>> = {},
  ) {
    this.server = server;
    const addresses = { ':8080': `:${server.proxyPort}`, ':8000': `:${server.apiPort}` };
    this.names = new Map(Object.entries({ ...addresses, ...names }));
    this.env = env;
  }

  /** Runs a command, and compares its output with the page's, and its status with 0 or the one given. */
  async expect(step: Step, status = 0): Promise<void> {
    const shown = await this.run(step.command);
    expect(shown.status, `${step.command}\n${shown.output}`).toBe(status);
    if (step.output !== '') expect(comparable(shown.output), step.command).toMatch(patternOf(this.named(step.output)));
  }

  /** @returns its status, and both outputs as they come */
  async run(command: string): Promise<{ readonly status: number | null; readonly output: string }> {
    const preamble = `exec 2>&1
      npx() { "$@"; }
      tenement() { '${process.execPath}' '${MAIN}' "$@"; }
      curl() { command curl --silent --show-error --max-time 60 "$@"; }`;
    const env = {
      ...process.env,
      ...this.env,
      XDG_RUNTIME_DIR: this.server.dir,
      TENEMENT_CONFIG: this.server.configFile,
    };
    const words = ['-c', `${preamble}\n${this.named(command)}`];
    const child = spawn('bash', words, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return { status, output };
  }

  private named(shown: string): string {
    return [...this.names].reduce((all, [name, real]) => all.replaceAll(name, real), shown);
  }
}

/** Times, periods and the widths of columns differ from run to run. */
function comparable(output: string): string {
  return output
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b\d+(\.\d+)?(ms|s|m)\b/g, 'PERIOD')
    .replaceAll(/; (once|\d+ times, last PERIOD ago)/g, '; TIMES')
    .replaceAll('\r', '')
    .replaceAll(/ +/g, ' ')
    .trim();
}

function patternOf(shown: string): RegExp {
  const parts = comparable(shown).split('…');
  return new RegExp(`^${parts.map(escaped).join('.*')}$`, 's');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
