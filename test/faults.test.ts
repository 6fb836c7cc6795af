import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { confine, confineWith, faultCount, inside, onFault } from '../src/faults.ts';
import { silentLogger } from '../src/logger.ts';

class FakeSocket extends EventEmitter {
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
  }
}

const fail = () => {
  throw new Error('a bug');
};

describe('a connection that is confined', () => {
  it('is ended by an exception of one of its listeners, which is counted and reported', () => {
    const socket = new FakeSocket();
    const told: unknown[] = [];
    onTestFinished(onFault((error, where) => told.push([String(error), where])));
    const before = faultCount();
    confine(socket, silentLogger(), { instance: 'api:acme' });
    socket.on('data', fail);
    expect(socket.emit('data', 'x')).toBe(true);
    expect(socket.destroyed).toBe(true);
    expect(faultCount() - before).toBe(1);
    expect(told).toEqual([['Error: a bug', { instance: 'api:acme', event: 'data' }]]);
  });

  it('calls every listener of its end once, even if one of them throws', () => {
    const socket = new FakeSocket();
    const heard: string[] = [];
    confine(socket, silentLogger());
    socket.once('close', () => heard.push('first')).on('close', fail);
    socket.once('close', (hadError) => heard.push(`last ${hadError}`));
    socket.emit('close', true);
    socket.emit('close', true);
    expect(heard).toEqual(['first', 'last true']);
  });

  it('is ended when its server fails to accept it, and the server stays', () => {
    const server = Object.assign(new FakeSocket(), { listening: true });
    const socket = new FakeSocket();
    confine(server, silentLogger());
    server.on('connection', fail);
    server.emit('connection', socket);
    expect([socket.destroyed, server.destroyed]).toEqual([true, false]);
  });
});

describe('an object confined to a connection', () => {
  it('ends with its connection when one of its listeners throws', () => {
    const [socket, response] = [new FakeSocket(), new FakeSocket()];
    confine(socket, silentLogger());
    confineWith(socket, response);
    response.on('finish', fail);
    response.emit('finish');
    expect([socket.destroyed, response.destroyed]).toEqual([true, true]);
  });

  it('calls all listeners of its end, and ends the connection when one throws', () => {
    const [socket, response] = [new FakeSocket(), new FakeSocket()];
    const heard: string[] = [];
    confine(socket, silentLogger());
    confineWith(socket, response);
    response.on('close', fail).on('close', () => heard.push('last'));
    response.emit('close');
    expect(heard).toEqual(['last']);
    expect(socket.destroyed).toBe(true);
  });

  it('ends its connection when one of its timers throws', () => {
    const socket = new FakeSocket();
    const before = faultCount();
    confine(socket, silentLogger());
    inside(socket, fail)();
    expect(socket.destroyed).toBe(true);
    expect(faultCount() - before).toBe(1);
  });

  it('is left alone when nothing confines the connection: exceptions stay exceptions', () => {
    const socket = new FakeSocket();
    expect(inside(socket, fail)).toThrow('a bug');
    confineWith(socket, new FakeSocket());
    expect(socket.destroyed).toBe(false);
  });
});

/** Runs a program under `keepServing`; `body` may call `tooMany`. */
async function keptServing(body: string): Promise<string> {
  const faults = fileURLToPath(new URL('../src/faults.ts', import.meta.url));
  const program = `
    import { faultCount, keepServing } from ${JSON.stringify(faults)};
    const logger = { level: 'info', debug() {}, info() {}, warn() {}, error(fields) { console.log(fields.err?.message ?? 'ends'); } };
    keepServing(logger, () => console.log('too many after', faultCount()));
    const fail = (name) => { throw new Error(name); };
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output;
}

describe('a program at its last resort', () => {
  it('continues after an uncaught exception or an unhandled rejection', async () => {
    const output = await keptServing(`
      setTimeout(fail, 1, 'timer');
      process.nextTick(fail, 'tick');
      queueMicrotask(() => fail('microtask'));
      void Promise.reject(new Error('rejection'));
      setTimeout(() => console.log('goes on'), 50);`);
    expect(output.trim().split('\n').toSorted()).toEqual(['goes on', 'microtask', 'rejection', 'tick', 'timer']);
  });

  it('logs a repeated error once', async () => {
    const output = await keptServing('for (let index = 0; index < 150; index += 1) setTimeout(fail, 1, "again");');
    expect(output.match(/too many after \d+/g)).toEqual(['too many after 101']);
  });
});
