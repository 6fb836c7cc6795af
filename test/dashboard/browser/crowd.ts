/** A server with many tenants. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OnFinished, serveFile, type TestServer, writeConfig } from '../../e2e/support.ts';
import { seedCrowd } from './seed.ts';

export async function serveCrowd(toml: string, size: number, onFinished: OnFinished): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const configFile = join(dir, 'tenement.toml');
  writeConfig(configFile, toml);
  seedCrowd(dir, size);
  return serveFile(configFile, dir, [], onFinished);
}
