/** Configs of one service in a directory of their own, beside files with secrets. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { problemsOf } from './problems.ts';

const SERVICE = '[service.api]\ncommand = "node app.js"\n';

/** Returns what loads a config of these tables, which follow the keys of the service. @param secret a usable one */
export function configsWith(secret: string) {
  const load = (tables: string, withSecrets = false) => {
    const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'tenement.toml');
    writeFileSync(file, `${SERVICE}${tables}`);
    writeFileSync(join(dir, 'good'), secret, { mode: 0o600 });
    writeFileSync(join(dir, 'open'), secret);
    chmodSync(join(dir, 'open'), 0o644);
    writeFileSync(join(dir, 'short'), 'hunter2', { mode: 0o600 });
    return { dir, config: loadConfig(file, { env: {}, uid: 1000, withSecrets }) };
  };
  /** Lists what is wrong, as `LINE: KEY: …`. */
  const problems = (tables: string, withSecrets = false): string[] =>
    problemsOf(() => load(tables, withSecrets)).map((line) => line.replace(/^(\d+):\d+/, '$1'));
  return { load, problems };
}
