// A service with a multi-tenant mode of its own: the claim `tenant_id` of the caller's token says whose data are meant, and
// tokens of older clients say it as `tenantId`. An authentication service in front has checked the token.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const isMultiTenant = process.env.MULTI_TENANT_ENABLED === 'true';
const pools = new Map();

/** A database for each tenant, opened when the first request names it. */
function poolOf(tenantId) {
  if (!pools.has(tenantId)) {
    const database = new DatabaseSync(join(process.env.DATA_DIR ?? '.', `${tenantId}.db`));
    database.exec('CREATE TABLE IF NOT EXISTS contexts (name TEXT NOT NULL) STRICT');
    pools.set(tenantId, database);
  }
  return pools.get(tenantId);
}

function tokenOf({ headers }) {
  const bearer = /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
  return bearer ?? /(?:^|; )session=([^;]*)/.exec(headers.cookie ?? '')?.[1];
}

function tenantOf(request) {
  if (!isMultiTenant) return 'default';
  const [, payload] = (tokenOf(request) ?? '').split('.');
  if (payload === undefined) return undefined;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return claims.tenant_id ?? claims.tenantId;
}

function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

createServer((request, response) => {
  if (request.url === '/health') return response.end('ok\n');
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname !== '/v1/contexts') return json(response, 404, { error: `nothing at ${pathname}` });
  const tenant = tenantOf(request);
  if (tenant === undefined) return json(response, 401, { error: 'the token names no tenant' });
  const database = poolOf(tenant);
  if (request.method === 'POST')
    database.prepare('INSERT INTO contexts VALUES (?)').run(searchParams.get('name') ?? '');
  const contexts = database
    .prepare('SELECT name FROM contexts')
    .all()
    .map(({ name }) => name);
  json(response, 200, { tenant, contexts });
}).listen(process.env.SOCKET_PATH);
