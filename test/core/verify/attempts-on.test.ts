/** What one instance tries on another, and on tenement. */
import { describe, expect, it } from 'vitest';
import { attemptsOn, attemptsOnState, filePathOf } from '../../../src/core/verify/attempts-on.ts';
import type { Subject } from '../../../src/core/verify/subject.ts';

function subject(tenantId: string, more: Partial<Subject> = {}): Subject {
  const view = {
    socket: `/run/api-${tenantId}.sock`,
    port: null,
    pid: null,
    state: 'asleep',
  } as unknown as Subject['view'];
  return {
    instance: `api:${tenantId}`,
    ...{ tenantId, view, service: {} as Subject['service'], tenantDir: `/data/${tenantId}`, env: {}, fileNames: [] },
    ...{ processes: [], logFiles: [], secretsDir: null, secretFiles: [], privateSockets: [], selfSocket: null },
    ...more,
  };
}

const paths = (from: Subject, to: Subject) =>
  attemptsOn(from, to).flatMap(({ steps }) =>
    steps.flatMap((step) => ('path' in step ? [`${step.op} ${step.path}`] : [])),
  );

describe('attemptsOn', () => {
  it('tries names that the other gives only in its own directory', () => {
    const to = subject('globex', { fileNames: ['app.db', '..', '../acme/app.db', '', 'a\0b'] });
    expect(paths(subject('acme'), to).filter((path) => path.startsWith('read'))).toEqual(['read /data/globex/app.db']);
  });

  it('tries files that only the other names, outside of its directory', () => {
    const env = { LIB: '/opt/lib', HOME: '/data/globex', LEDGER: '/srv/globex.db', UPLOADS: '/data/globex/up', N: '1' };
    const from = subject('acme', { env: { LIB: '/opt/lib', LEDGER: '/srv/acme.db' } });
    const what = attemptsOn(from, subject('globex', { env })).map((attempt) => attempt.what);
    expect(what.filter((text) => /read its [A-Z]/.test(text))).toEqual(['read its LEDGER']);
  });

  it('tries to write to a database that both name', () => {
    const env = { DB: 'sqlite:////srv/all.db', LIB: '/opt/lib' };
    expect(paths(subject('acme', { env }), subject('globex', { env }))).toContain('write /srv/all.db');
  });

  it('says why there is nothing to try', () => {
    const lacks = attemptsOn(subject('acme'), subject('globex')).map(({ what, lack }) => [what, lack]);
    expect(lacks).toContainEqual(['signal its processes', 'it is asleep']);
    expect(lacks).toContainEqual(['read its secrets', 'it is asleep']);
    expect(lacks).toContainEqual(['list its directory', null]);
  });
});

describe('attemptsOnState', () => {
  it('asks the API, where its port is known', () => {
    const own = { stateDir: '/s', files: [], controlSocket: '/s/control.sock', api: null };
    const asked = (api: { host: string; port: number; auth: 'none' } | null) =>
      attemptsOnState(subject('acme'), { ...own, api }).find(({ kind, what }) => kind === 'state' && /API/.test(what));
    expect(asked(null)?.steps).toEqual([]);
    expect(asked({ host: '127.0.0.1', port: 8000, auth: 'none' })?.steps).toMatchObject([
      { op: 'ask-api', port: 8000 },
    ]);
  });
});

describe('filePathOf', () => {
  it.each([
    ['/srv/a.db', '/srv/a.db'],
    ['sqlite:///srv/a.db', '/srv/a.db'],
    ['sqlite:////srv/a.db?mode=rw', '/srv/a.db'],
    ['file:///srv/a', '/srv/a'],
    ['file:/srv/a', '/srv/a'],
    ['relative/a.db', ''],
    ['postgres://h/a', ''],
    ['', ''],
  ])('takes %j for the path %j', (value, path) => {
    expect(filePathOf(value)).toBe(path);
  });
});
