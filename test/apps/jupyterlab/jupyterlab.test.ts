import { randomUUID } from 'node:crypto';
import { on } from 'node:events';
import { expect } from 'vitest';
import { tryApplication } from '../frame.ts';
import { PYTHON } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

const TOKEN = randomUUID();
const LOGIN = { authorization: `token ${TOKEN}` };

interface Message {
  readonly msg_type: string;
  readonly parent_header: { readonly msg_id?: string };
  readonly content: { readonly text?: string; readonly execution_state?: string };
}

/** Runs code in a kernel, as a notebook's cell does. Returns what the code printed. */
async function run(tenant: Tenant, kernelId: string, code: string): Promise<string> {
  const socket = await tenant.webSocket(`/api/kernels/${kernelId}/channels?token=${TOKEN}`);
  const id = randomUUID();
  const header = { msg_id: id, msg_type: 'execute_request', session: id, username: 'ada', version: '5.3' };
  const parts = { parent_header: {}, metadata: {}, buffers: [], channel: 'shell' };
  socket.send(JSON.stringify({ header, ...parts, content: { code, silent: false } }));
  let printed = '';
  for await (const [data] of on(socket, 'message')) {
    const message = JSON.parse(String(data)) as Message;
    if (message.parent_header.msg_id !== id) continue;
    printed += message.msg_type === 'stream' ? message.content.text : '';
    if (message.content.execution_state === 'idle') break;
  }
  socket.close();
  return printed;
}

tryApplication({
  name: 'jupyterlab',
  needs: [PYTHON],
  env: () => [`JUPYTER_TOKEN=${TOKEN}`],

  async use(tenant) {
    expect((await tenant.get(`/lab?token=${TOKEN}`)).body).toContain('JupyterLab');
    // The kernel runs in the directory of its notebook, as if the notebook were open.
    const notebook = { path: 'board.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } };
    const { kernel } = await tenant.json<{ kernel: { id: string } }>('POST', '/api/sessions', notebook, LOGIN);
    const code = 'open("made-by-a-kernel.txt", "w").write("only acme"); print(6 * 7)';
    expect(await run(tenant, kernel.id, code)).toBe('42\n');
  },

  async has(tenant) {
    const { content } = await tenant.json<{ content: { name: string }[] }>('GET', '/api/contents', undefined, LOGIN);
    if (!content.some(({ name }) => name === 'made-by-a-kernel.txt')) return false;
    const file = await tenant.json<{ content: string }>('GET', '/api/contents/made-by-a-kernel.txt', undefined, LOGIN);
    return file.content === 'only acme';
  },
});
