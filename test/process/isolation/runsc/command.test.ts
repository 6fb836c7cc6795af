import { expect, it } from 'vitest';
import { killWords, runWords } from '../../../../src/process/isolation/runsc/command.ts';

const CONTAINER = {
  stateDir: '/state',
  bundleDir: '/bundle',
  id: 'tenement-1',
  network: 'none',
  mayConnect: false,
} as const;

it('a container is signalled by its command line, also under a later server', () => {
  const words = runWords('/usr/bin/runsc', CONTAINER);
  expect(words.slice(-4)).toEqual(['run', '--bundle', '/bundle', 'tenement-1']);
  expect(killWords(words, 'TERM')).toEqual(['/usr/bin/runsc', '--root', '/state', 'kill', 'tenement-1', 'TERM']);
});

it('a container creates sockets on the host, but connects to none', () => {
  expect(runWords('runsc', CONTAINER)).toContain('--host-uds=create');
  expect(runWords('runsc', { ...CONTAINER, mayConnect: true })).toContain('--host-uds=all');
});

it("another program's command line signals nothing", () => {
  expect(killWords(['/bin/sh', '-c', 'true'], 'TERM')).toBeNull();
  expect(killWords([], 'TERM')).toBeNull();
});
