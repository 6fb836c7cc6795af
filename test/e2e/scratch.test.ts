/** Directories in memory that a tenant in a namespace may write. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isMissing } from './fronts.ts';
import { serve } from './support.ts';

const isRoot = process.getuid?.() === 0;

const LEVELS = [
  { level: 'namespace', lacks: isMissing('bwrap') },
  { level: 'sandbox', lacks: !isRoot || isMissing('runsc') },
];

const keys = (level: string, more: string) =>
  `[service.app]\ncommand = "node {fixtures}/scratch.mjs"\nisolation = "${level}"\n${more}\n`;

describe.each(LEVELS)('/tmp, /var/tmp and /dev/shm at $level', ({ level, lacks }) => {
  it.skipIf(lacks)('are its own, hold tmp_limit_mb each and end with the process', async () => {
    const server = await serve(keys(level, 'tmp_limit_mb = 3'));
    const full = Array(3).fill({ before: [], written: 3, error: 'ENOSPC' });
    for (const id of ['acme', 'globex']) {
      await server.cli('spawn', 'app', '--id', id);
      expect(JSON.parse((await server.get(`${id}.localhost`)).body)).toEqual(full);
    }
    expect(readdirSync('/tmp').filter((name) => /^\d$/.test(name))).toEqual([]);
    await server.cli('restart', 'app:acme');
    expect(JSON.parse((await server.get('acme.localhost')).body)).toEqual(full);
  });
});
