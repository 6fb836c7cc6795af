/** Databases that variables name, and what is tried on them. */
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/core/verify/attempt.ts';
import { databaseAttempts } from '../../../src/core/verify/database-attempts.ts';
import { type Database, databasesOf } from '../../../src/core/verify/databases.ts';

const one = (value: string) => databasesOf({ URL: value })[0];

describe('databasesOf', () => {
  it.each([
    ['postgres://u:p%40ss@db.example:6432/app?sslmode=require', 'postgres', 'db.example', 6432, 'u', 'p@ss', 'app'],
    ['postgresql+psycopg://u:p@db/app', 'postgres', 'db', 5432, 'u', 'p', 'app'],
    ['postgresql:///app?host=/run/postgresql', 'postgres', '/run/postgresql', 5432, '', '', 'app'],
    ['postgresql://u:p@/app?host=/run/pg&port=5433', 'postgres', '/run/pg', 5433, 'u', 'p', 'app'],
    ['postgres://u@[::1]/app', 'postgres', '::1', 5432, 'u', '', 'app'],
    ['redis://acme:pw@127.0.0.1:6380/2', 'redis', '127.0.0.1', 6380, 'acme', 'pw', '2'],
    ['redis://:pw@cache', 'redis', 'cache', 6379, '', 'pw', ''],
    ['rediss://u:pw@cache:6390', 'redis', 'cache', 6390, 'u', 'pw', ''],
    ['unix://u:pw@/run/redis/redis.sock', 'redis', '/run/redis/redis.sock', 6379, 'u', 'pw', ''],
    ['mongodb://u:p@m/app', 'mongodb', 'm', 27017, 'u', 'p', 'app'],
  ])('reads %s', (value, kind, host, port, user, password, name) => {
    expect(one(value)).toMatchObject({ variable: 'URL', kind, host, port, user, password, name });
  });

  it.each(['', 'postgres', 'https://example.com', 'postgres://h:99999/x', '://', 'sqlite:////a'])(
    'sees no database in %j',
    (value) => {
      expect(one(value)).toBeUndefined();
    },
  );
});

const NAMES = { from: 'api:acme', to: 'api:globex' };
const PG = 'postgres://acme:pw@db/acme';
const databaseOf = (value: string): Database => {
  const database = one(value);
  if (database === undefined) throw new Error(`${value} is none`);
  return database;
};
const answer = (outcome: Answer['outcome'], output = '', detail = ''): Answer => ({ outcome, detail, output });
const REACHED = answer('reached', '3 0');

const attempts = (own: string[], theirs: string) =>
  databaseAttempts(NAMES, own.map(databaseOf), [databaseOf(theirs)], []);

describe('databaseAttempts', () => {
  it('uses its own credentials with the name of the other, on its own server alone', () => {
    const [withOwn, without] = attempts([PG], 'postgres://globex:secret@db/globex');
    expect(withOwn?.steps.map((step) => (step.op === 'run' ? step.run.env : {}))).toMatchObject([
      { PGUSER: 'acme', PGPASSWORD: 'pw', PGDATABASE: 'acme' },
      { PGUSER: 'acme', PGPASSWORD: 'pw', PGDATABASE: 'globex', PGHOST: 'db' },
    ]);
    expect(JSON.stringify(without?.steps)).not.toMatch(/secret|PGPASSWORD/);
    const elsewhere = attempts([PG], 'postgres://globex:secret@elsewhere/globex');
    expect(JSON.stringify(elsewhere.flatMap(({ steps }) => steps))).not.toContain('"pw"');
    expect(elsewhere[0]?.judge([])).toMatchObject({ result: 'not_tried' });
  });

  it('puts no name and no password on a command line', () => {
    const own = 'postgres://-u:--pw@db/-x';
    const steps = attempts([own], 'postgres://globex:pw@db/host=evil').flatMap((attempt) => attempt.steps);
    const args = steps.flatMap((step) => (step.op === 'run' ? step.run.args : []));
    expect(args.filter((arg) => /evil|pw|-x/.test(arg))).toEqual([]);
  });

  it('takes a connection to the other database for a leak, and says what can be read', () => {
    const [withOwn] = attempts([PG], 'postgres://globex:pw@db/globex');
    expect(withOwn?.judge([REACHED, answer('reached', '3 2')])).toMatchObject({
      result: 'leak',
      detail: 'connected; may read 2 of 3 tables',
    });
    expect(withOwn?.judge([REACHED, answer('refused', '', 'permission denied')])).toMatchObject({ result: 'refused' });
  });

  it('proves nothing by credentials that do not even open their own database', () => {
    const [withOwn] = attempts([PG], 'postgres://globex:pw@db/globex');
    expect(withOwn?.judge([answer('refused', '', 'no route'), answer('refused')])).toMatchObject({
      result: 'not_tried',
      detail: 'its own does not work from inside: no route',
    });
    expect(withOwn?.judge([answer('untried', '', 'psql is not there'), answer('untried')])).toMatchObject({
      result: 'not_tried',
      detail: 'psql is not there',
    });
  });

  it('tells one user and one database for both', () => {
    expect(attempts([PG], PG)[0]?.judge([])).toMatchObject({ result: 'leak' });
  });

  it("looks for readable tables of the other's where both are in one database", () => {
    const [withOwn] = attempts(['postgres://acme:pw@db/all'], "postgres://gl'obex:pw@db/all");
    expect(JSON.stringify(withOwn?.steps[1])).toContain("'gl''obex'");
    expect(withOwn?.judge([REACHED, answer('reached', '3 0')])).toMatchObject({ result: 'refused' });
    expect(withOwn?.judge([REACHED, answer('reached', '3 1')])).toMatchObject({ result: 'leak' });
  });

  it('judges a key by its value', () => {
    const database = databaseOf('redis://globex:pw@cache');
    const key = { database, key: 'tenant:globex:k', value: 'v', planted: answer('reached', 'OK') };
    const tries = (planted: Answer | undefined) =>
      databaseAttempts(NAMES, [databaseOf('redis://acme:pw@cache')], [database], [{ ...key, planted }])[0];
    expect(tries(key.planted)?.judge([answer('reached', 'v')])).toMatchObject({ result: 'leak' });
    expect(tries(key.planted)?.judge([answer('reached', 'NOPERM')])).toMatchObject({
      result: 'refused',
      detail: 'NOPERM',
    });
    expect(tries(key.planted)?.judge([answer('reached', '')])).toMatchObject({ result: 'absent' });
    expect(tries(answer('reached', 'NOAUTH'))?.judge([answer('reached', '')])).toMatchObject({
      result: 'not_tried',
      detail: 'it could not set tenant:globex:k itself: NOAUTH',
    });
  });

  it('says which databases it has no client for', () => {
    expect(attempts([], 'mongodb://u:p@m/app')[0]?.judge([])).toMatchObject({
      result: 'not_tried',
      detail: 'there is no client for mongodb',
    });
  });
});
