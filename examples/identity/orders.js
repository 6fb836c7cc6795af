// Orders of many tenants, as such services are written: a middleware takes the tenant from the header X-Tenant-Id, keeps it
// for the time of the request, and every query asks for it. It trusts the header, so whoever can send one reads all.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const tenantStorage = new AsyncLocalStorage();
const database = new DatabaseSync(join(process.env.DATA_DIR ?? '.', 'orders.db'));
database.exec('CREATE TABLE IF NOT EXISTS orders (tenant_id TEXT NOT NULL, item TEXT NOT NULL) STRICT');

function tenantMiddleware(request, response, next) {
  const tenantId = request.headers['x-tenant-id'];
  if (!tenantId) return json(response, 400, { error: 'Missing tenant ID' });
  tenantStorage.run({ tenantId }, next);
}

/** The tenant of this request, anywhere in the application. */
function getTenantContext() {
  return tenantStorage.getStore();
}

function listOrders() {
  const rows = database.prepare('SELECT item FROM orders WHERE tenant_id = ?').all(getTenantContext().tenantId);
  return rows.map(({ item }) => item);
}

function createOrder(item) {
  database.prepare('INSERT INTO orders VALUES (?, ?)').run(getTenantContext().tenantId, item);
}

function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

function handle(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname !== '/orders') return json(response, 404, { error: `nothing at ${pathname}` });
  if (request.method === 'POST') createOrder(searchParams.get('item') ?? '');
  const links = { self: `${request.headers['x-forwarded-prefix'] ?? ''}/orders` };
  json(response, 200, { tenant: getTenantContext().tenantId, orders: listOrders(), links });
}

createServer((request, response) => {
  if (request.url === '/health') return response.end('ok\n');
  tenantMiddleware(request, response, () => handle(request, response));
}).listen(process.env.SOCKET_PATH);
