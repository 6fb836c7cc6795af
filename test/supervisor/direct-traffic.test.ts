import { describe, expect, it } from 'vitest';
import { type FakeProcess, settle, type World, world } from './fakes.ts';

/** Idle timeout of the world's service: a minute. */
async function connected(): Promise<{ made: World; process: FakeProcess }> {
  const made = world();
  const spawned = made.supervisor.spawn('api', 'acme');
  await settle();
  const [process] = made.processes;
  if (process === undefined) throw new Error('nothing was launched');
  process.becomeReady();
  await spawned;
  process.connected = true;
  made.connections.set(process.record.bindSocket, 1);
  return { made, process };
}

const stateOf = (made: World) => made.supervisor.get('api:acme').state;

describe('a connection straight to its socket on which nothing moves', () => {
  it('keeps it awake while it may be a WebSocket', async () => {
    const { made } = await connected();
    await made.clock.advance(200_000);
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready', openConnections: 1 });
  });

  it('does not when a front server keeps it for later: it sleeps in time, and its drain waits for nobody', async () => {
    const { made, process } = await connected();
    process.atRest = true;
    await made.clock.advance(60_000);
    expect(stateOf(made)).toBe('ready');
    await made.clock.advance(1500);
    await settle();
    expect(stateOf(made)).toBe('asleep');
  });

  it('is asked about again, since a client may have left', async () => {
    const { made, process } = await connected();
    await made.clock.advance(70_000);
    process.atRest = true;
    await made.clock.advance(15_000);
    await settle();
    expect(stateOf(made)).toBe('asleep');
  });

  it('counts as used when something moves before the answer', async () => {
    const { made, process } = await connected();
    const answer = Promise.withResolvers<boolean>();
    process.isAtRest = () => answer.promise;
    await made.clock.advance(62_000);
    process.ranMs += 5;
    answer.resolve(true);
    await settle();
    await made.clock.advance(50_000);
    expect(stateOf(made)).toBe('ready');
  });
});
