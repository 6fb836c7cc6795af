import { on, once } from 'node:events';
import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { NODE } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

const LOGIN = { client_id: 'node-red-editor', grant_type: 'password', scope: '*', username: 'admin' };
/** A flow that answers GET /hello by a function, whose message the editor's sidebar also shows. */
const FLOWS = [
  { id: 'tab1', type: 'tab', label: 'Hello' },
  { id: 'in1', type: 'http in', z: 'tab1', url: '/hello', method: 'get', wires: [['function1']] },
  {
    id: 'function1',
    type: 'function',
    z: 'tab1',
    func: "msg.payload = 'only acme'; return msg",
    wires: [['out1', 'debug1']],
  },
  { id: 'out1', type: 'http response', z: 'tab1', wires: [] },
  { id: 'debug1', type: 'debug', z: 'tab1', active: true, tosidebar: true, complete: 'payload', wires: [] },
];

tryApplication({
  name: 'node-red',
  needs: [NODE],

  async prepare(tenant) {
    const hash = 'node node_modules/node-red/red.js admin hash-pw | sed "s/.*: //"';
    await tenant.exec('sh', '-c', `echo "correct horse" | ${hash} > "$DATA_DIR/admin.hash"`);
  },

  async use(tenant) {
    const login = { ...LOGIN, password: 'correct horse' };
    const { access_token: token } = await tenant.json<{ access_token: string }>('POST', '/auth/token', login);
    const editor = await tenant.webSocket('/comms');
    const messages = on(editor, 'message');
    editor.send(JSON.stringify({ auth: token }));
    await until(messages, '"auth":"ok"');
    editor.send(JSON.stringify({ subscribe: 'debug' }));
    await tenant.json('POST', '/flows', FLOWS, { authorization: `Bearer ${token}` });
    // Node-RED answers a deployment before the new flows run.
    await expect.poll(() => has(tenant)).toBe(true);
    await until(messages, 'only acme');
    editor.close();
    await once(editor, 'close');
  },

  has,
});

async function has(tenant: Tenant): Promise<boolean> {
  const { status, body } = await tenant.ask('/hello');
  return status === 200 && body === 'only acme';
}

async function until(messages: AsyncIterableIterator<unknown[]>, text: string): Promise<void> {
  for await (const [message] of messages) if (String(message).includes(text)) return;
}
