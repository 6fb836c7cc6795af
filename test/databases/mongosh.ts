/** Runs scripts by mongosh, the command line of MongoDB's protocol. */
import { execFileSync, spawnSync } from 'node:child_process';
import { PATH } from './programs.ts';

/** @param home a directory in which it may write */
export class Mongosh {
  private readonly env: NodeJS.ProcessEnv;

  constructor(home: string) {
    this.env = { ...process.env, PATH, HOME: home };
  }

  /** @returns what the script prints @throws {Error} when the script does */
  run(url: string, script: string): string {
    return execFileSync('mongosh', words(url, script), { env: this.env, encoding: 'utf8' });
  }

  /** @returns all that it says, also of a failure */
  tried(url: string, script: string): string {
    const { stdout, stderr } = spawnSync('mongosh', words(url, script), { env: this.env, encoding: 'utf8' });
    return stdout + stderr;
  }
}

function words(url: string, script: string): readonly string[] {
  return [url, '--quiet', '--norc', '--eval', script];
}
