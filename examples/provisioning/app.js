// Answers whether the key that it was given opens its tenant's shelf.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const { SHELF, SHELF_KEY, SOCKET_PATH, TENANT_ID } = process.env;

const server = createServer((request, response) => {
  if (request.url === '/health') return response.end('ok');
  const opens = readFileSync(join(SHELF, '.key'), 'utf8') === SHELF_KEY;
  response.end(`${TENANT_ID}: the key ${opens ? 'opens' : 'does not open'} the shelf\n`);
});
server.listen(SOCKET_PATH);
process.on('SIGTERM', () => server.close());
