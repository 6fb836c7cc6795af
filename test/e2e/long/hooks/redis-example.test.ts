/** examples/redis: two tenants of one Redis, from their creation to their end. */
import { expect, it } from 'vitest';
import { debianPackage } from '../../../apps/needs.ts';
import { describeWith, REDIS } from '../../../databases/programs.ts';
import { Redis } from '../../../databases/redis.ts';
import { shared } from '../../support.ts';
import { follow, inside, meters, rotateUnderLoad, serveExample } from './example.ts';

const CONNECT = 'import os, redis; connection = redis.Redis.from_url(os.environ["REDIS_URL"]); print(connection';

describeWith([REDIS, debianPackage('python3-redis')], 'the example redis', () => {
  const running = shared(async (onFinished) => {
    const redis = await Redis.start();
    onFinished(() => redis.stop());
    return { redis, server: await serveExample('redis/tenement.toml', redis.adminEnv, onFinished) };
  });
  const put = (id: string, article: string) =>
    running().server.get(`${id}.localhost`, '/cart/ada', { method: 'POST', body: article });

  it('does what its README says', async () => {
    const { server, redis } = running();
    await follow('examples/redis/README.md', server, {
      '-p 7000': `-p ${redis.port}`,
      'of-the-admin': redis.adminEnv['REDISCLI_AUTH'] ?? '',
    });
  });

  it('rotates the password without a failed request or a lost article, is measured, and leaves nothing', async () => {
    const { server, redis } = running();
    for (const id of ['acme', 'globex']) expect(await server.cli('tenant', 'create', id)).toMatchObject({ status: 0 });
    await put('globex', 'pear');
    const { statuses, failures } = await rotateUnderLoad(server, {
      instance: 'shop:acme',
      secret: 'REDIS_URL',
      ask: () => put('acme', 'apple'),
    });
    expect({ statuses: Object.keys(statuses), failures }).toEqual({ statuses: ['201'], failures: [] });
    expect((await server.get('acme.localhost', '/cart/ada')).body).toBe(`${statuses['201']} apple\n`);
    expect((await server.get('globex.localhost')).body).toBe('1 pear\n');
    expect(await inside(server, 'shop:acme', `${CONNECT}.hgetall("tenant:acme:cart:ada"))`)).toContain("b'apple'");
    expect(await inside(server, 'shop:acme', `${CONNECT}.hgetall("tenant:globex:cart:ada"))`)).toContain(
      'NoPermission',
    );
    expect(await meters(server, 'globex')).toEqual(['redisKeys']);

    for (const id of ['acme', 'globex'])
      expect(await server.cli('tenant', 'rm', id, '--purge', '--yes')).toMatchObject({ status: 0 });
    expect(redis.command('KEYS', '*')).toBe('\n');
    expect(redis.command('ACL', 'USERS')).toBe('default\n');
    expect(redis.writtenUsers).not.toContain('tenant_');
  });
});
