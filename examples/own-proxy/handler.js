// A reverse proxy in node:http. It chooses the customer; the handler forwards requests and WebSockets. See docs/embedding.md.
import { createServer } from 'node:http';
import { Hypervisor } from 'tenement';
import { instanceOf } from './keys.js';

export function startProxy(hypervisor, port = 8080) {
  const tenants = hypervisor.handler({ instance: instanceOf });
  const server = createServer((request, response) => {
    if (request.url === '/status') return response.end('the proxy runs\n');
    // The last argument is called for a request that belongs to no instance.
    tenants.request(request, response, () => response.writeHead(401).end('send your key\n'));
  });
  server.on('upgrade', (request, socket, head) => {
    tenants.upgrade(request, socket, head, () => {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
  });
  server.requestTimeout = 0; // An upload may take as long as it likes.
  return server.listen(port, '127.0.0.1');
}

if (import.meta.main) {
  const hypervisor = await Hypervisor.load('tenement.toml');
  const server = startProxy(hypervisor);
  process.once('SIGTERM', async () => {
    server.close();
    await hypervisor.close();
  });
}
