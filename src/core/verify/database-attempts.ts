/** What one instance tries on the databases of another with its own credentials. Pure. */
import type { Answer, ClientRun, Step } from './attempt.ts';
import { type Database, isSameServer } from './databases.ts';
import { type Attempted, type Finding, judge } from './finding.ts';

/** A key that the other tenant has set in its Redis for a short time. */
export interface PlantedKey {
  readonly database: Database;
  readonly key: string;
  readonly value: string;
  /** How its own credentials fared; undefined: no answer. */
  readonly planted: Answer | undefined;
}

export interface DatabaseAttempt {
  readonly steps: readonly Step[];
  /** @param answers one for each step */
  judge(answers: readonly (Answer | undefined)[]): Finding;
}

/** @param own databases of the one that tries. @param keys what the other has planted */
export function databaseAttempts(
  { from, to }: Pick<Attempted, 'from' | 'to'>,
  own: readonly Database[],
  theirs: readonly Database[],
  keys: readonly PlantedKey[],
): DatabaseAttempt[] {
  return theirs.flatMap((database) => {
    const attempted = (what: string): Attempted => ({ kind: 'databases', what, from, to });
    const mine = own.find((one) => isSameServer(one, database) && one.variable === database.variable);
    const nearest = mine ?? own.find((one) => isSameServer(one, database)) ?? null;
    if (database.kind === 'postgres') return postgresAttempts(attempted, nearest, database);
    if (database.kind === 'redis') return redisAttempts(attempted, nearest, database, keys);
    const what = `use the database of its ${database.variable}`;
    return [known(attempted(what), 'not_tried', `there is no client for ${database.kind}`)];
  });
}

function known(attempted: Attempted, result: Finding['result'], detail: string): DatabaseAttempt {
  return { steps: [], judge: () => ({ ...attempted, result, detail }) };
}

type Naming = (what: string) => Attempted;

function postgresAttempts(attempted: Naming, own: Database | null, theirs: Database): DatabaseAttempt[] {
  const what = `use the database of its ${theirs.variable}`;
  return [
    withOwn(attempted(`${what} with its own credentials`), own, theirs),
    {
      steps: [{ op: 'run', run: psql({ ...theirs, password: '' }) }],
      judge: ([answer]) => judge(attempted(`${what} without a password`), [described(answer)], null),
    },
  ];
}

function withOwn(attempted: Attempted, own: Database | null, theirs: Database): DatabaseAttempt {
  if (own === null) return known(attempted, 'not_tried', 'it has none on that server');
  const isShared = own.name === theirs.name;
  if (isShared && own.user === theirs.user)
    return known(attempted, 'leak', `both have the user ${own.user} and the database ${own.name}`);
  return {
    steps: [
      { op: 'run', run: psql(own) },
      { op: 'run', run: psql({ ...own, name: theirs.name }, isShared ? theirs.user : null) },
    ],
    judge: ([control, answer]) => {
      if (control?.outcome !== 'reached') return withoutControl(attempted, control);
      const isNothing = isShared && /^\d+ 0$/.test(answer?.output ?? '');
      const refused: Answer = { outcome: 'refused', detail: 'one database, none of its tables readable', output: '' };
      return judge(attempted, [isNothing ? refused : described(answer)], null);
    },
  };
}

/** What cannot use even its own database shows nothing by its failure with another's. */
function withoutControl(attempted: Attempted, control: Answer | undefined): Finding {
  if (control === undefined) return judge(attempted, [control], null);
  const why =
    control.outcome === 'untried' ? control.detail : `its own does not work from inside: ${described(control)?.detail}`;
  return { ...attempted, result: 'not_tried', detail: why };
}

/** Words the answer of psql for people. */
function described(answer: Answer | undefined): Answer | undefined {
  if (answer === undefined) return answer;
  if (answer.outcome !== 'reached') return { ...answer, detail: answer.detail.replace(/^psql: error: /, '') };
  const [, all = '?', readable = '?'] = /^(\d+) (\d+)$/.exec(answer.output) ?? [];
  return { ...answer, detail: `connected; may read ${readable} of ${all} tables` };
}

/** `NUMBER NUMBER`: tables, and how many of them the user may read. @param owner only tables of this role; null: all */
function tablesQuery(owner: string | null): string {
  const isReadable = `has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')`;
  const isOwned = owner === null ? '' : ` and pg_get_userbyid(c.relowner) = '${owner.replaceAll("'", "''")}'`;
  return (
    `select count(*) || ' ' || count(*) filter (where ${isReadable}) from pg_class c` +
    ` join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm')` +
    ` and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'${isOwned}`
  );
}

/** Everything is in the environment: a name or a password could be taken for an option, or read by others. */
function psql({ host, port, user, password, name, sslMode }: Database, owner: string | null = null): ClientRun {
  return {
    files: ['/usr/bin/psql', '/usr/local/bin/psql'],
    args: ['-X', '-A', '-t', '-w', '-c', tablesQuery(owner)],
    env: {
      ...{ PATH: '/usr/bin:/bin', PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: name },
      ...{ PGPASSFILE: '/nonexistent', PGCONNECT_TIMEOUT: '5' },
      ...(password !== '' && { PGPASSWORD: password }),
      ...(sslMode !== '' && { PGSSLMODE: sslMode }),
    },
  };
}

function redisAttempts(
  attempted: Naming,
  own: Database | null,
  theirs: Database,
  keys: readonly PlantedKey[],
): DatabaseAttempt[] {
  const planted = keys.find(({ database }) => database === theirs);
  if (planted === undefined) return [];
  const as = (what: string, credentials: Database): DatabaseAttempt => ({
    steps: [{ op: 'run', run: redis({ ...credentials, name: theirs.name }, ['GET', planted.key]) }],
    judge: ([answer]) => judgeKey(attempted(what), planted, answer),
  });
  const what = `read a key of its ${theirs.variable}`;
  return [
    own === null
      ? known(attempted(`${what} with its own credentials`), 'not_tried', 'it has none on that server')
      : as(`${what} with its own credentials`, own),
    as(`${what} without a password`, { ...theirs, user: '', password: '' }),
  ];
}

function judgeKey(attempted: Attempted, { key, value, planted }: PlantedKey, answer: Answer | undefined): Finding {
  if (planted?.outcome !== 'reached' || planted.output !== 'OK') {
    const why = planted === undefined ? 'no answer' : planted.output || planted.detail;
    return { ...attempted, result: 'not_tried', detail: `it could not set ${key} itself: ${why}` };
  }
  if (answer?.outcome !== 'reached') return judge(attempted, [answer], null);
  if (answer.output === value) return judge(attempted, [{ ...answer, detail: `read ${key}` }], null);
  const outcome = answer.output === '' ? 'absent' : 'refused';
  return judge(attempted, [{ outcome, detail: answer.output || `${key} is not there`, output: '' }], null);
}

/** How long a planted key stays if its removal fails. */
const KEY_LIFE_S = 300;

export function plantKey({ database, key, value }: Pick<PlantedKey, 'database' | 'key' | 'value'>): Step {
  return { op: 'run', run: redis(database, ['SET', key, value, 'EX', String(KEY_LIFE_S)]) };
}

export function removeKey({ database, key }: Pick<PlantedKey, 'database' | 'key'>): Step {
  return { op: 'run', run: redis(database, ['DEL', key]) };
}

/** The password is in the environment, where other users cannot read it. */
function redis({ host, port, user, password, name, sslMode }: Database, words: readonly string[]): ClientRun {
  const where = host.startsWith('/') ? ['-s', host] : ['-h', host, '-p', String(port)];
  const as = user === '' || password === '' ? [] : ['--user', user];
  const number = /^\d+$/.test(name) ? ['-n', name] : [];
  return {
    files: ['/usr/bin/redis-cli', '/usr/local/bin/redis-cli', '/usr/bin/valkey-cli'],
    args: [...where, ...as, ...number, ...(sslMode === '' ? [] : ['--tls']), '--no-auth-warning', ...words],
    env: { PATH: '/usr/bin:/bin', ...(password !== '' && { REDISCLI_AUTH: password }) },
  };
}
