import { expect, it } from 'vitest';
import { SERVICE, world } from './fakes.ts';

it('an instance whose name differs from another only in where the colon is is refused (bug: it answered for the other)', async () => {
  const { supervisor, config } = world();
  const named = (name: string) => ({ ...SERVICE, name, socket: `/${name}_{id}` });
  supervisor.apply({ ...config, services: new Map(['a', 'a-b'].map((name) => [name, named(name)])) });
  await supervisor.spawn('a-b', 'c', { start: false });
  await expect(supervisor.spawn('a', 'b-c', { start: false })).rejects.toMatchObject({
    code: 'socket_conflict',
    message: 'a:b-c would have the private socket and the logs of a-b:c',
  });
  await supervisor.spawn('a', 'b', { start: false });
  await supervisor.spawn('a', 'c', { start: false });
  await supervisor.remove('a-b:c');
  await supervisor.spawn('a', 'b-c', { start: false });
});
