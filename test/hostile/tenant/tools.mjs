// What the attempts share: how a refusal is told from a mistake of the attempt itself, what is undone afterwards,
// one HTTP question, one system call that Node does not offer.
import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { inspect } from 'node:util';

/** A refusal that is an answer, not an errno. */
export class Denied extends Error {}

/** An errno of the kernel; Node's own `ERR_…` codes are mistakes of the attempt. */
export function isErrno(error) {
  return /^E(?!RR_)[A-Z0-9]+$/.test(error?.code ?? '');
}

const undoing = [];

/** Registers `undo`, which is called when the test has seen the effect. */
export function later(undo) {
  undoing.push(undo);
}

export async function undoAll() {
  for (const undo of undoing.splice(0).reverse()) await undo();
}

/** One request on a connection of its own; `where` is {socketPath} or {port}. */
export function ask(where, path = '/', headers = {}) {
  return new Promise((resolve, reject) => {
    const target = 'port' in where ? { host: '127.0.0.1', ...where } : where;
    const outgoing = request(
      { ...target, path, headers: { host: 'localhost', ...headers }, agent: false },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          body += chunk;
        });
        answer.once('end', () => resolve({ status: answer.statusCode, body }));
        answer.once('error', reject);
      },
    );
    outgoing.setTimeout(5000, () => outgoing.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    outgoing.once('error', reject);
    outgoing.end();
  });
}

/** Debian's own Python, not a wrapper in a home directory. */
const PYTHON = '/usr/bin/python3';
const PRELUDE = `
import ctypes, os, sys, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
def call(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
args = sys.argv[1:]
try:
    pass
`;

/**
 * Runs `body` in Python; what it prints is the evidence. An OSError comes back with its errno, anything else (no
 * Python, say) as a mistake.
 */
export function python(body, ...args) {
  const indented = body.trim().replaceAll(/^/gm, '    ');
  const tail = "\nexcept OSError as error:\n    import errno\n    sys.exit('errno ' + errno.errorcode[error.errno])\n";
  return run(PYTHON, ['-c', `${PRELUDE}${indented}${tail}`, ...args.map(String)]);
}

/** Runs a program to its end and returns its output. */
export function run(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: 20_000, ...options }, (error, stdout, stderr) => {
      const errno = /^errno (E[A-Z0-9]+)$/m.exec(stderr)?.[1];
      if (errno !== undefined) reject(Object.assign(new Error(`${file}: ${errno}`), { code: errno }));
      else if (error !== null) reject(new Error(`${file} failed: ${inspect(error.code)} ${stderr}`));
      else resolve(stdout.trim());
    });
  });
}
