/** Databases that an instance's variables name. Pure. */

export const DATABASE_KINDS = ['postgres', 'redis', 'mysql', 'mongodb', 'amqp'] as const;
export type DatabaseKind = (typeof DATABASE_KINDS)[number];

export interface Database {
  /** The variable that names it. */
  readonly variable: string;
  readonly kind: DatabaseKind;
  /** A host, or the directory of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Its name; for Redis its number. */
  readonly name: string;
  /** `sslmode` of PostgreSQL; `require` for `rediss:`; '': the client's default. */
  readonly sslMode: string;
}

const SCHEMES: Readonly<Record<string, readonly [kind: DatabaseKind, port: number]>> = {
  'postgres:': ['postgres', 5432],
  'postgresql:': ['postgres', 5432],
  'redis:': ['redis', 6379],
  'rediss:': ['redis', 6379],
  // Of Redis, with the path of its socket.
  'unix:': ['redis', 6379],
  'mysql:': ['mysql', 3306],
  'mariadb:': ['mysql', 3306],
  'mongodb:': ['mongodb', 27017],
  'amqp:': ['amqp', 5672],
};

/** Lists databases by variable, each variable once. */
export function databasesOf(env: Readonly<Record<string, string>>): Database[] {
  return Object.entries(env)
    .map(([variable, value]) => databaseOf(variable, value))
    .filter((database) => database !== null);
}

function databaseOf(variable: string, value: string): Database | null {
  // SQLAlchemy names a driver too: postgresql+psycopg://…
  const [, scheme = ''] = /^([a-z]+)(?:\+[a-z0-9]+)?:\/\//i.exec(value) ?? [];
  const [kind, defaultPort] = SCHEMES[`${scheme.toLowerCase()}:`] ?? [];
  if (kind === undefined || defaultPort === undefined) return null;
  const rest = value.slice(value.indexOf('://'));
  // A host may be left out where it is a parameter, which only http allows no URL to do.
  const url = parsed(`tenement${rest.replace(/^:\/\/([^@/?]*@)?(?=[/?]|$)/, '://$1localhost')}`);
  if (url === null) return null;
  const { searchParams } = url;
  const isSocket = scheme === 'unix';
  const host = isSocket ? decoded(url.pathname) : decoded(url.hostname).replace(/^\[|\]$/g, '');
  return {
    variable,
    kind,
    host: searchParams.get('host') ?? host,
    port: Number(searchParams.get('port') ?? (url.port === '' ? defaultPort : url.port)),
    user: decoded(url.username),
    password: decoded(url.password),
    name: isSocket ? (searchParams.get('db') ?? '') : decoded(url.pathname.slice(1)),
    sslMode: scheme === 'rediss' ? 'require' : (searchParams.get('sslmode') ?? ''),
  };
}

function parsed(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function isSameServer(one: Database, other: Database): boolean {
  return one.kind === other.kind && one.host === other.host && one.port === other.port;
}
