/** The configs of docs/tls.md. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { makeCertificate } from '../certificates.ts';

const PAGE = readFileSync(new URL('../../docs/tls.md', import.meta.url), 'utf8');
const CONFIGS = [...PAGE.matchAll(/```toml\n(.*?)```/gs)].map(([, toml = '']) => toml);

it('has configs', () => {
  expect(CONFIGS.length).toBeGreaterThanOrEqual(2);
});

it.each(CONFIGS.map((toml) => [toml]))('a server loads, with its certificates:\n%s', (toml) => {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const { cert, key } = makeCertificate('*.example.com', 'example.com');
  writeFileSync(join(dir, 'fullchain.pem'), cert);
  writeFileSync(join(dir, 'privkey.pem'), key, { mode: 0o600 });
  const file = join(dir, 'tenement.toml');
  // The page names files where certbot has them.
  const local = toml.replaceAll('/etc/letsencrypt/live/example.com/', '');
  writeFileSync(file, `${local}\n[service.api]\ncommand = "node app.js"\n`);
  const { tls, warnings } = loadConfig(file, { env: {}, uid: 0, withSecrets: true });
  expect(tls?.certificates).toEqual([{ cert: join(dir, 'fullchain.pem'), key: join(dir, 'privkey.pem') }]);
  expect(warnings.filter((warning) => warning.includes('tls'))).toEqual([]);
});
