/** Whether the proxy conforms to HTTP/2, as h2spec sees it. */
import { execFile } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith, H2SPEC, PATH } from '../../../databases/programs.ts';
import { echo } from '../../support.ts';
import { SecureBench } from './support.ts';

/** Section of the specification and number of the case. docs/design/proxy.md has the reason of each. */
const KNOWN_FAILURES = [
  '5.1/8 closed: Sends a DATA frame after sending RST_STREAM frame',
  '5.1/9 closed: Sends a HEADERS frame after sending RST_STREAM frame',
  '5.1/11 closed: Sends a DATA frame',
  '5.1/12 closed: Sends a HEADERS frame',
  '5.1.1/2 Sends stream identifier that is numerically smaller than previous',
  '5.3.1/2 Sends PRIORITY frame that depend on itself',
  '6.3/1 Sends a PRIORITY frame with 0x0 stream identifier',
  '6.7/2 Sends a PING frame with ACK',
  '6.9.1/3 Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream',
];

/** How long h2spec waits for a frame before it fails a case, in seconds: patience, but for the known failures. */
const CASE_TIMEOUT_S = 10;
const TIMEOUT_MS = 300_000;

describeWith([H2SPEC], 'h2spec', () => {
  test('fails in the known cases, and in no other', { timeout: TIMEOUT_MS }, async () => {
    const secure = await SecureBench.open();
    onTestFinished(secure.close);
    await secure.bench.app('web:acme', echo);
    await secure.domains.change([['localhost', 'web:acme']]);
    const report = await h2spec('-t', '-k', '-h', 'localhost', '-p', `${secure.port}`, '-o', `${CASE_TIMEOUT_S}`);
    expect(failuresIn(report)).toEqual(KNOWN_FAILURES);
    expect(report).toMatch(/^145 tests, \d+ passed, 0 skipped, \d+ failed$/m);
  });
});

/** Settles with what h2spec prints; it exits with 1 when a case fails. */
function h2spec(...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('h2spec', args, { env: { ...process.env, PATH } }, (_error, stdout, stderr) => {
      resolve(stripVTControlCharacters(stdout + stderr));
    });
  });
}

/** Returns the failures as `section/number title`. Each is in the report's last part, below the heading of its section. */
function failuresIn(report: string): string[] {
  let section = '';
  const failures: string[] = [];
  for (const line of report.slice(report.indexOf('\nFailures:')).split('\n')) {
    section = /^\s+(\d+(?:\.\d+)*)\. /.exec(line)?.[1] ?? section;
    const [, number, title] = /^\s+× (\d+): (.*)$/.exec(line) ?? [];
    if (number !== undefined) failures.push(`${section}/${number} ${title}`);
  }
  return failures;
}
