/** The hook for S3-compatible storage, with versitygw. */
import { expect, it, onTestFinished } from 'vitest';
import { AWS, describeWith, VERSITYGW } from '../../../databases/programs.ts';
import { encoded, type Keys } from '../../../databases/signed-fetch.ts';
import { BUCKET, Versitygw } from '../../../databases/versitygw.ts';
import { shared } from '../../support.ts';
import { Hook } from './hook.ts';

const LONGEST = 'a'.repeat(63);
/** Names of objects that a shell, JSON, or a reader of lines might take for something else. */
const HOSTILE = ['"x', 'a\nTotal Objects: 9\n   Total Size: 9', '$(touch x)', 'ü', '*'];
const ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';

const OK = /^200 /;
const DENIED = /^403 .*(AccessDenied|$)/s;
const UNKNOWN_KEY = /^403 .*InvalidAccessKeyId/s;

describeWith([VERSITYGW, AWS], 'the hook for S3', () => {
  const running = shared(async (onFinished) => {
    const server = await Versitygw.start();
    onFinished(() => server.stop());
    return { server, hook: new Hook('s3', server.adminEnv) };
  });
  const put = (keys: Keys, name: string) =>
    running().server.s3(keys, `/${BUCKET}/${name.split('/').map(encoded).join('/')}`, {
      method: 'PUT',
      body: 'x',
    });
  const neighbours = shared(async () => {
    const { hook } = running();
    const [acme, globex] = await Promise.all([hook.run('create', 'acme'), hook.run('create', 'globex')]);
    await put(globex, 'globex/theirs');
    await put(acme, 'acme/ours');
    return { acme, globex };
  });

  it('makes an access key for the prefix, and keeps one that is known', async () => {
    const { server, hook } = running();
    const variables = await hook.run('create', 'initech');
    expect(variables).toMatchObject({
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^\w{16,}$/),
      AWS_SECRET_ACCESS_KEY: expect.stringMatching(/^\S{30,}$/),
      AWS_REGION: 'us-east-1',
      S3_BUCKET: BUCKET,
      S3_PREFIX: 'initech/',
      AWS_ENDPOINT_URL_S3: server.url,
    });
    expect(await put(variables, 'initech/a')).toMatch(OK);
    expect(await server.s3(variables, `/${BUCKET}?list-type=2&prefix=initech%2F`)).toContain('<Key>initech/a</Key>');
    expect(await server.s3(variables, `/${BUCKET}/initech/a`)).toBe('200 x');
    expect(await hook.run('create', 'initech', variables)).toEqual(variables);

    const renewed = await hook.run('create', 'initech');
    expect(await put(renewed, 'initech/a')).toMatch(OK);
    expect(await put(variables, 'initech/a')).toMatch(UNKNOWN_KEY);
    await hook.run('destroy', 'initech');
  });

  it.each([
    ['read an object of the neighbour', 'GET', `/${BUCKET}/globex/theirs`],
    ['ask about an object of the neighbour', 'HEAD', `/${BUCKET}/globex/theirs`],
    ['write to the neighbour', 'PUT', `/${BUCKET}/globex/theirs`],
    ['delete an object of the neighbour', 'DELETE', `/${BUCKET}/globex/theirs`],
    ['climb out of its prefix', 'PUT', `/${BUCKET}/acme/%2E%2E%2Fglobex/theirs`],
    ['list the neighbour', 'GET', `/${BUCKET}?list-type=2&prefix=globex%2F`],
    ['list the bucket', 'GET', `/${BUCKET}?list-type=2`],
    ['list what begins with its id', 'GET', `/${BUCKET}?list-type=2&prefix=acme`],
    ['list by the older request', 'GET', `/${BUCKET}`],
    ['list uploads', 'GET', `/${BUCKET}?uploads=`],
    ['list versions', 'GET', `/${BUCKET}?versions=`],
    ['list buckets', 'GET', '/'],
    ['make a bucket', 'PUT', '/other'],
    ['read the policy of the bucket', 'GET', `/${BUCKET}?policy=`],
    ['replace the policy of the bucket', 'PUT', `/${BUCKET}?policy=`],
    ['delete the bucket', 'DELETE', `/${BUCKET}`],
  ])('a tenant cannot %s', async (_title, method, path) => {
    const { server } = running();
    const { acme, globex } = neighbours();
    expect(await server.s3(acme, path, { method })).toMatch(
      method === 'PUT' && path.includes('%2E') ? /^40[03] / : DENIED,
    );
    expect(await server.s3(globex, `/${BUCKET}/globex/theirs`)).toBe('200 x');
  });

  it('a tenant cannot copy from the neighbour', async () => {
    const { server } = running();
    const { acme } = neighbours();
    const headers = { 'x-amz-copy-source': `/${BUCKET}/globex/theirs` };
    expect(await server.s3(acme, `/${BUCKET}/acme/copy`, { method: 'PUT', headers })).toMatch(DENIED);
    expect(await server.s3(acme, `/${BUCKET}/acme/copy`)).toMatch(/^404 /);
  });

  it.each([
    ['list users', 'Action=ListUsers'],
    ['make a key of the neighbour', 'Action=CreateAccessKey&UserName=tenant_globex'],
    [
      'allow itself more',
      `Action=PutUserPolicy&UserName=tenant_acme&PolicyName=all&PolicyDocument=${encodeURIComponent(ALL)}`,
    ],
  ])('a tenant cannot %s', async (_title, action) => {
    expect(await running().server.iam(neighbours().acme, action)).toMatch(DENIED);
    expect(await running().server.iam(undefined, 'Action=ListUsers')).toMatch(OK);
  });

  it('rotates to a second key, and refuses the first one after the next rotation only', async () => {
    const { hook } = running();
    const first = await hook.run('create', 'initech');
    const second = await hook.run('rotate', 'initech', first);
    for (const keys of [first, second]) expect(await put(keys, 'initech/a')).toMatch(OK);
    const third = await hook.run('rotate', 'initech', second);
    expect(await put(first, 'initech/a')).toMatch(UNKNOWN_KEY);
    for (const keys of [second, third]) expect(await put(keys, 'initech/a')).toMatch(OK);
    await hook.run('destroy', 'initech', third);
  });

  it('measures and destroys all below the prefix, whatever it is called, with keys and user, and nothing else', async () => {
    const { server, hook } = running();
    neighbours();
    const before = await server.users();
    const variables = await hook.run('create', 'initech');
    expect(await hook.run('size', 'initech', variables)).toEqual({ objects: '0', objectBytes: '0' });
    for (const name of HOSTILE) expect(await put(variables, `initech/${name}`)).toMatch(OK);
    expect(await hook.run('size', 'initech', variables)).toEqual({ objects: '5', objectBytes: '5' });

    const upload = await server.s3(variables, `/${BUCKET}/initech/%22big%0A?uploads=`, { method: 'POST' });
    expect(upload).toMatch(OK);
    await server.keepVersions();
    for (const _time of [1, 2]) await put(variables, 'initech/again');
    expect(await server.s3(variables, `/${BUCKET}/initech/again`, { method: 'DELETE' })).toMatch(/^204 /);
    await hook.run('destroy', 'initech');
    expect(await server.users()).toEqual(before);
    expect(await server.s3(undefined, `/${BUCKET}?prefix=initech&versions=`)).not.toContain('<Key>initech');
    expect(server.stored().filter((path) => path.includes('initech'))).toEqual([]);
    expect(server.stored()).toEqual(expect.arrayContaining(['data/tenants/acme/ours', 'data/tenants/globex/theirs']));
    await hook.run('destroy', 'initech');
    expect(await hook.failure('rotate', 'initech')).toContain('NoSuchEntity');
  });

  it('serves the longest id, and two runs at once, of which one value works', async () => {
    const { hook } = running();
    onTestFinished(async () => void (await hook.run('destroy', LONGEST)));
    const both = await Promise.all([hook.run('create', LONGEST), hook.run('create', LONGEST)]);
    const answers = await Promise.all(both.map((keys) => put(keys, `${LONGEST}/a`)));
    expect(answers.some((answer) => OK.test(answer))).toBe(true);
  });

  it('says in one line what the server refuses', async () => {
    const { hook } = running();
    expect(await hook.failure('create', 'acme', { AWS_SECRET_ACCESS_KEY: 'wrong' })).toContain('SignatureDoesNotMatch');
    expect(await hook.failure('create', 'acme', { S3_BUCKET: '' })).toBe('S3_BUCKET is not set');
    expect(await hook.failure('size', 'acme', { S3_BUCKET: 'absent' })).toContain('NoSuchBucket');
  });
});
