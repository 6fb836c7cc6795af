import { on } from 'node:events';
import { tryApplication } from '../frame.ts';
import { PYTHON } from '../needs.ts';
import type { Tenant } from '../tenant.ts';

/** `BackMsg.rerun_script` and `ClientState.query_string` in streamlit/proto. */
const RERUN_SCRIPT = 11;
const QUERY_STRING = 1;
/** `ForwardMsg.script_finished` */
const SCRIPT_FINISHED = 6;

const LENGTH_DELIMITED = 2;

/** Encodes a field of a Protocol Buffers message of less than 128 bytes. */
function bytesField(number: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | LENGTH_DELIMITED, value.length]), value]);
}

/** Returns the field numbers of a message, as far as they are strings, messages and integers. */
function* fieldNumbers(message: Buffer): Generator<number> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const value = varint();
    if ((key & 7) === LENGTH_DELIMITED) at += value;
    yield key >> 3;
  }
}

/** Runs the script once, as a browser does that opens the page. Returns all that the page receives. */
async function open(tenant: Tenant, query: string): Promise<string> {
  const socket = await tenant.webSocket('/_stcore/stream', ['streamlit']);
  socket.send(bytesField(RERUN_SCRIPT, bytesField(QUERY_STRING, Buffer.from(query))));
  let told = '';
  for await (const [data] of on(socket, 'message')) {
    told += data.toString('utf8');
    if ([...fieldNumbers(data)].includes(SCRIPT_FINISHED)) break;
  }
  socket.close();
  return told;
}

tryApplication({
  name: 'streamlit',
  needs: [PYTHON],

  async use(tenant) {
    await open(tenant, 'note=only+acme');
  },

  async has(tenant) {
    return (await open(tenant, '')).includes('only acme');
  },
});
