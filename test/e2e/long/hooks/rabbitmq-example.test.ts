/** examples/rabbitmq: two tenants of one RabbitMQ, from their creation to their end. */
import { expect, it } from 'vitest';
import { debianPackage } from '../../../apps/needs.ts';
import { describeWith, RABBITMQ } from '../../../databases/programs.ts';
import { RabbitMq } from '../../../databases/rabbitmq.ts';
import { shared } from '../../support.ts';
import { follow, inside, meters, rotateUnderLoad, serveExample } from './example.ts';

describeWith([RABBITMQ, debianPackage('python3-pika')], 'the example rabbitmq', () => {
  const running = shared(async (onFinished) => {
    const broker = await RabbitMq.start();
    onFinished(() => broker.stop());
    return { broker, server: await serveExample('rabbitmq/tenement.toml', broker.adminEnv, onFinished) };
  });
  const queue = (id: string, mail: string) =>
    running().server.get(`${id}.localhost`, '/', { method: 'POST', body: mail });
  const sent = async (id: string) => {
    const { body } = await running().server.get(`${id}.localhost`);
    return new Set(body.split('\n').filter(Boolean));
  };
  const names = async (path: string) => {
    const all = (await (await running().broker.get(`${path}?columns=name`)).json()) as { name: string }[];
    return all.map(({ name }) => name);
  };

  it('does what its README says', async () => {
    const { server, broker } = running();
    const { RABBITMQ_API: api = '' } = broker.adminEnv;
    await follow('examples/rabbitmq/README.md', server, { 'http://localhost:15672': api });
  });

  it('rotates the user without a failed request or a lost mail, is measured, and leaves nothing', async () => {
    const { server } = running();
    for (const id of ['acme', 'globex']) expect(await server.cli('tenant', 'create', id)).toMatchObject({ status: 0 });
    await queue('globex', 'theirs');
    let count = 0;
    const { statuses, failures } = await rotateUnderLoad(server, {
      instance: 'mail:acme',
      secret: 'AMQP_URL',
      ask: () => {
        count += 1;
        return queue('acme', `mail ${count}`);
      },
    });
    expect({ statuses, failures }).toEqual({ statuses: { 202: count }, failures: [] });
    await expect.poll(async () => (await sent('acme')).size).toBe(count);
    await expect.poll(() => sent('globex')).toEqual(new Set(['sent: theirs']));
    const enter = (vhost: string) =>
      inside(
        server,
        'mail:acme',
        `import os, pika
url = os.environ["AMQP_URL"].removesuffix("acme") + "${vhost}"
print("entered" if pika.BlockingConnection(pika.URLParameters(url)).is_open else "")`,
      );
    expect(await enter('acme')).toBe('entered');
    expect(await enter('globex')).toMatch(/access to vhost 'tenant_globex' refused for user 'tenant_acme_/);
    expect(await meters(server, 'globex')).toEqual(['queueMessages']);

    for (const id of ['acme', 'globex'])
      expect(await server.cli('tenant', 'rm', id, '--purge', '--yes')).toMatchObject({ status: 0 });
    expect([await names('users'), await names('vhosts')]).toEqual([['admin'], ['/']]);
  });
});
