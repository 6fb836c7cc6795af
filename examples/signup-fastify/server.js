// A sign-up route, and the tenants behind the same server. See docs/embedding.md.
import Fastify from 'fastify';
import { Hypervisor } from 'tenement';

export async function startServer(hypervisor, port = 8080) {
  const tenants = hypervisor.handler();
  const app = Fastify();
  // What a tenant's host names is the tenant's; the rest is this application.
  app.addHook('onRequest', (request, reply, done) => {
    if (hypervisor.instanceOfHost(request.headers.host ?? '') === null) return done();
    reply.hijack();
    tenants.request(request.raw, reply.raw);
  });
  app.server.on('upgrade', tenants.upgrade);

  app.post('/signup', async (request, reply) => {
    try {
      const { url } = await hypervisor.spawn('notes', request.body.company, { orThrow: true });
      return reply.code(201).send({ url });
    } catch (error) {
      // Any other error is the application's own.
      if (error.httpStatus === undefined) throw error;
      return reply.code(error.httpStatus).send({ code: error.code, message: error.message });
    }
  });

  await app.listen({ port, host: '127.0.0.1' });
  return app;
}

if (import.meta.main) {
  const hypervisor = await Hypervisor.load('tenement.toml');
  const app = await startServer(hypervisor);
  process.once('SIGTERM', async () => {
    await app.close();
    await hypervisor.close();
  });
}
