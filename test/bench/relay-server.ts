/**
 * The floor for a proxy in Node: passes bytes on between a client and a connection to `DIR/t0.sock` of its own, and
 * reads none of them. What is as long as before is written as the same constant: `node relay-server.ts PORT DIR`.
 */
import { connect, createServer, type Socket } from 'node:net';

const BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

const [port = '0', dir = '.'] = process.argv.slice(2);
createServer({ noDelay: true }, relay).listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 });

function relay(client: Socket): void {
  const answer = constantWriter(client);
  const onread = {
    buffer: BUFFER,
    callback: (length: number) => {
      if (!answer(BUFFER.subarray(0, length))) app.pause();
      return true;
    },
  };
  const app = connect({ path: `${dir}/t0.sock`, onread, noDelay: true });
  const ask = constantWriter(app);
  client.on('data', (bytes: Buffer) => {
    if (!ask(bytes)) client.pause();
  });
  client.on('drain', () => app.resume());
  app.on('drain', () => client.resume());
  for (const [one, other] of [
    [client, app],
    [app, client],
  ] as const) {
    one.on('error', () => {}).on('close', () => other.destroy());
  }
}

/** Returns whether the destination has room for more. */
function constantWriter(socket: Socket): (bytes: Buffer) => boolean {
  let constant = '';
  return (bytes) => {
    if (bytes.length > 1024) return socket.write(Buffer.from(bytes));
    if (bytes.length !== constant.length) constant = bytes.toString('latin1');
    return socket.write(constant, 'latin1');
  };
}
