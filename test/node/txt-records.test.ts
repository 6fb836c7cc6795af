import { expect, it, onTestFinished } from 'vitest';
import { lookUpTxt } from '../../src/node/txt-records.ts';
import { type DnsServer, dnsServer } from '../dns-server.ts';

async function served(): Promise<DnsServer> {
  const server = await dnsServer();
  onTestFinished(() => server.close());
  return server;
}

it('every TXT record of a name is returned, long ones whole', async () => {
  const server = await served();
  server.texts.set('_tenement.shop.example', ['one', 'x'.repeat(600)]);
  const answer = await lookUpTxt('_tenement.shop.example', [server.address]);
  expect(answer).toEqual({ texts: expect.arrayContaining(['one', 'x'.repeat(600)]) });
});

it('a name that does not exist, or has no such record, has no texts', async () => {
  const server = await served();
  server.texts.set('_tenement.empty.example', []);
  expect(await lookUpTxt('_tenement.none.example', [server.address])).toEqual({ texts: [] });
  expect(await lookUpTxt('_tenement.empty.example', [server.address])).toEqual({ texts: [] });
});

it('each look asks the server, so that a new record is seen at once', async () => {
  const server = await served();
  expect(await lookUpTxt('_tenement.new.example', [server.address])).toEqual({ texts: [] });
  server.texts.set('_tenement.new.example', ['now']);
  expect(await lookUpTxt('_tenement.new.example', [server.address])).toEqual({ texts: ['now'] });
});

it('a server that fails is a problem, not the lack of a record', async () => {
  const server = await served();
  server.fails = 'with SERVFAIL';
  expect(await lookUpTxt('_tenement.a.example', [server.address])).toEqual({
    problem: 'DNS does not answer (ESERVFAIL)',
  });
});

it('a server that is not there is a problem', async () => {
  const server = await dnsServer();
  await server.close();
  const answer = await lookUpTxt('_tenement.a.example', [server.address]);
  expect(answer).toEqual({ problem: expect.stringMatching(/^DNS does not answer \(E\w+\)$/) });
});

it('an address that is none is a problem', async () => {
  expect(await lookUpTxt('_tenement.a.example', ['nowhere'])).toEqual({
    problem: expect.stringMatching(/^DNS does not answer/),
  });
});
