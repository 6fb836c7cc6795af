/** A server on which every screen of the dashboard has something to show. */
import { serve, shared, type TestServer } from '../../e2e/support.ts';

const CONFIG = `
max_restarts = 1

[proxy]
default_service = "app"

[tenants]
default_plan = "free"

[plan.free]
quota = { requests = "1000/month" }
[plan.pro]

[service.app]
command = ["node", "{fixtures}/tenant.mjs"]
health = "/health"
idle_timeout = 0

[service.app.secrets]
API_KEY = { generate = "hex:16" }

[service.bad]
command = ["node", "{fixtures}/exits-at-once.mjs"]
`;

export function furnished(): () => TestServer {
  return shared(async (onFinished) => {
    const server = await serve(CONFIG, [], onFinished);
    await server.cli('tenant', 'create', 'acme', '--service', 'app', '--label', 'tier=gold', '--expires', '3d');
    await server.cli('spawn', 'app:keys');
    await server.cli('spawn', 'bad:globex');
    await server.cli('domain', 'add', 'acme', 'shop.example.com');
    await server.get('acme.localhost', '/print?text=hello+from+acme');
    return server;
  });
}
