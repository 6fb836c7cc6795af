/** The schema of tenement.db, step by step. Append steps; a released step is never changed. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE instances (
    service TEXT NOT NULL,
    tenant TEXT NOT NULL,
    env TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    desired TEXT NOT NULL CHECK (desired IN ('up', 'asleep', 'stopped')),
    state TEXT NOT NULL,
    pid INTEGER,
    start_ticks INTEGER,
    started_at_ms INTEGER,
    last_activity_at_ms INTEGER,
    restarts INTEGER NOT NULL,
    wakes INTEGER NOT NULL,
    last_wake_ms REAL,
    requests INTEGER NOT NULL,
    last_exit TEXT,
    PRIMARY KEY (service, tenant)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    type TEXT NOT NULL,
    instance TEXT,
    message TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_instance ON events (instance, seq);

  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE instances ADD COLUMN process TEXT;
  ALTER TABLE instances ADD COLUMN crashes TEXT;
  ALTER TABLE instances DROP COLUMN pid;
  ALTER TABLE instances DROP COLUMN start_ticks;
  `,
  'ALTER TABLE instances ADD COLUMN limits TEXT;',
  'ALTER TABLE instances ADD COLUMN storage TEXT;',
  `
  CREATE TABLE tenants (
    id TEXT PRIMARY KEY,
    created_at_ms INTEGER NOT NULL,
    uid INTEGER
  ) STRICT, WITHOUT ROWID;
  INSERT INTO tenants (id, created_at_ms) SELECT tenant, min(created_at_ms) FROM instances GROUP BY tenant;
  `,
  `
  CREATE TABLE tenant_operations (
    tenant TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    step TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    data TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE tenants ADD COLUMN plan TEXT;
  ALTER TABLE tenants ADD COLUMN expires_at_ms INTEGER;
  ALTER TABLE tenants ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE tenants ADD COLUMN env TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE tenants ADD COLUMN desired TEXT NOT NULL DEFAULT 'active' CHECK (desired IN ('active', 'stopped'));
  `,
  `
  ALTER TABLE events ADD COLUMN tenant TEXT;
  ALTER TABLE events ADD COLUMN actor TEXT;
  ALTER TABLE events ADD COLUMN token_id TEXT;
  ALTER TABLE events ADD COLUMN address TEXT;
  UPDATE events SET tenant = substr(instance, instr(instance, ':') + 1) WHERE instance IS NOT NULL;
  `,
  `
  CREATE TABLE outbox (
    target TEXT NOT NULL,
    seq INTEGER NOT NULL,
    tenant TEXT,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    next_try_at_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (target, seq)
  ) STRICT;
  CREATE INDEX outbox_queue ON outbox (target, tenant, seq);

  CREATE TABLE outbox_targets (
    target TEXT PRIMARY KEY,
    given_up INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    last_success_at_ms INTEGER,
    last_failure_at_ms INTEGER,
    last_failure TEXT
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE counters (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'admin';
  ALTER TABLE tokens ADD COLUMN can TEXT NOT NULL DEFAULT 'read,operate,manage';
  ALTER TABLE tokens ADD COLUMN expires_at_ms INTEGER;
  ALTER TABLE tokens ADD COLUMN last_used_at_ms INTEGER;
  `,
  `
  CREATE TABLE usage (
    tenant TEXT NOT NULL,
    hour INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    ingress_bytes INTEGER NOT NULL,
    egress_bytes INTEGER NOT NULL,
    cpu_seconds REAL NOT NULL,
    awake_seconds REAL NOT NULL,
    memory_gb_seconds REAL NOT NULL,
    wakes INTEGER NOT NULL,
    storage_bytes INTEGER NOT NULL,
    PRIMARY KEY (tenant, hour)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE usage_marks (
    instance TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    start_ticks INTEGER,
    cpu_seconds REAL NOT NULL,
    memory_bytes REAL NOT NULL,
    boot_id TEXT NOT NULL,
    uptime_ms REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE quotas (
    tenant TEXT NOT NULL,
    meter TEXT NOT NULL,
    period TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    used_limit INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    announced INTEGER NOT NULL,
    reached_at_ms INTEGER,
    PRIMARY KEY (tenant, meter, period, start_ms)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  DROP INDEX events_instance;
  CREATE INDEX events_tenant ON events (tenant, seq);
  `,
  `
  UPDATE tenant_operations
  SET data = json_object(
    'services', json_array(json_extract(data, '$.service')),
    'withDirectory', json(iif(json_extract(data, '$.withDirectory'), 'true', 'false')),
    'withRecord', json(iif(json_extract(data, '$.withDirectory'), 'true', 'false'))
  )
  WHERE kind = 'delete';
  CREATE INDEX instances_tenant ON instances (tenant, service);
  `,
  `
  CREATE TABLE secrets (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    source TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (tenant, name)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE domains (
    host TEXT NOT NULL,
    tenant TEXT NOT NULL,
    service TEXT NOT NULL,
    added_at_ms INTEGER NOT NULL,
    token TEXT,
    verified_at_ms INTEGER,
    checks INTEGER NOT NULL,
    checked_at_ms INTEGER,
    next_check_at_ms INTEGER,
    problem TEXT,
    PRIMARY KEY (host, tenant)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX domains_active ON domains (host) WHERE token IS NULL OR verified_at_ms IS NOT NULL;
  CREATE INDEX domains_tenant ON domains (tenant, host);
  CREATE INDEX domains_checks ON domains (next_check_at_ms) WHERE next_check_at_ms IS NOT NULL;
  `,
  `
  CREATE TABLE hooks (
    tenant TEXT NOT NULL,
    service TEXT NOT NULL,
    hook TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'begun', 'done')),
    holds TEXT NOT NULL CHECK (holds IN ('tenant', 'instance', 'nothing')),
    since_ms INTEGER NOT NULL,
    position INTEGER NOT NULL,
    failure TEXT,
    measured_at_ms INTEGER,
    PRIMARY KEY (tenant, service, hook)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX hooks_unfinished ON hooks (tenant) WHERE state != 'done';

  CREATE TABLE known_hooks (
    service TEXT NOT NULL,
    hook TEXT NOT NULL,
    workdir TEXT NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (service, hook)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE hook_meters (
    tenant TEXT NOT NULL,
    hour INTEGER NOT NULL,
    meter TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (tenant, hour, meter)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX domains_pending ON domains (tenant) WHERE token IS NOT NULL AND verified_at_ms IS NULL;
  `,
  `
  CREATE TABLE backups (
    tenant TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    seen_at_ms INTEGER NOT NULL,
    mark TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE backup_failures (
    tenant TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE backup_repositories (
    location TEXT PRIMARY KEY,
    id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE backup_schedule (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last_run_at_ms INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE certificates (
    name TEXT PRIMARY KEY,
    tenant TEXT,
    directory TEXT NOT NULL,
    ahead INTEGER NOT NULL,
    not_before_ms INTEGER,
    not_after_ms INTEGER,
    renewal_id TEXT,
    failures INTEGER NOT NULL,
    failed_at_ms INTEGER,
    problem TEXT,
    retry_at_ms INTEGER,
    due_at_ms INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE certificate_orders (
    tenant TEXT,
    at_ms INTEGER NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE tokens ADD COLUMN session INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE tokens ADD COLUMN token_id TEXT;
  CREATE INDEX tokens_sessions ON tokens (token_id) WHERE token_id IS NOT NULL;
  `,
];
