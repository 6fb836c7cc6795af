/** examples/s3: two tenants of one bucket, from their creation to their end. */
import { expect, it } from 'vitest';
import { debianPackage } from '../../../apps/needs.ts';
import { AWS, describeWith, VERSITYGW } from '../../../databases/programs.ts';
import { Versitygw } from '../../../databases/versitygw.ts';
import { shared } from '../../support.ts';
import { follow, inside, meters, rotateUnderLoad, serveExample } from './example.ts';

describeWith([VERSITYGW, AWS, debianPackage('python3-boto3')], 'the example s3', () => {
  const running = shared(async (onFinished) => {
    const storage = await Versitygw.start();
    onFinished(() => storage.stop());
    return { storage, server: await serveExample('s3/tenement.toml', storage.adminEnv, onFinished) };
  });

  it('does what its README says', async () => {
    const { server, storage } = running();
    await follow('examples/s3/README.md', server, { $S3_ENDPOINT: storage.url }, storage.adminEnv);
  });

  it('rotates the access key without a failed request or a lost file, is measured, and leaves nothing', async () => {
    const { server, storage } = running();
    for (const id of ['acme', 'globex']) expect(await server.cli('tenant', 'create', id)).toMatchObject({ status: 0 });
    const put = (id: string, name: string) =>
      server.get(`${id}.localhost`, `/${name}`, { method: 'PUT', body: 'text' });
    await put('globex', 'theirs');
    let count = 0;
    const { statuses, failures } = await rotateUnderLoad(server, {
      instance: 'files:acme',
      secret: 'AWS_ACCESS_KEY_ID',
      ask: () => {
        count += 1;
        return put('acme', String(count));
      },
    });
    expect({ statuses, failures }).toEqual({ statuses: { 201: count }, failures: [] });
    expect((await server.get('acme.localhost')).body.split('\n').filter(Boolean)).toHaveLength(count);
    expect((await server.get('globex.localhost')).body).toBe('4 theirs\n');
    const read = (key: string) =>
      inside(
        server,
        'files:acme',
        `import boto3, os
storage = boto3.client("s3", os.environ["AWS_REGION"], endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"])
print(storage.get_object(Bucket=os.environ["S3_BUCKET"], Key="${key}")["Body"].read())`,
      );
    expect(await read('acme/1')).toBe("b'text'");
    expect(await read('globex/theirs')).toContain('(AccessDenied)');
    expect(await meters(server, 'globex')).toEqual(['objectBytes', 'objects']);

    for (const id of ['acme', 'globex'])
      expect(await server.cli('tenant', 'rm', id, '--purge', '--yes')).toMatchObject({ status: 0 });
    expect(await storage.users()).toEqual([]);
    expect(storage.stored().filter((path) => /acme|globex/.test(path))).toEqual([]);
  });
});
