/**
 * The program that makes attempts from inside an instance, as text for the stdin of Node. It consists of the functions
 * below and of Node's own modules: it loads no file of the tenant's. Each function must be complete in itself but for the
 * others in the list.
 */
import type { Answer, ClientRun, Outcome, ProbeInput, Step, TargetProcess } from '../../../core/verify/attempt.ts';

/** Returns the text of the program. */
export function programFor(input: ProbeInput): string {
  return `${PARTS.map(String).join('\n')}\nmain(${JSON.stringify(input)});\n`;
}

/** Prints one line of JSON: an answer for each step, null for those that the time did not suffice for. */
async function main(input: ProbeInput): Promise<void> {
  const fs = process.getBuiltinModule('node:fs');
  const answers: (Answer | null)[] = input.steps.map(() => null);
  const finish = () => {
    const line = Buffer.from(`${JSON.stringify(answers)}\n`);
    for (let at = 0; at < line.length; ) at += fs.writeSync(1, line, at);
    process.exit(0);
  };
  setTimeout(finish, input.timeoutMs);
  for (const [index, step] of input.steps.entries()) {
    try {
      answers[index] = await take(step);
    } catch (error) {
      answers[index] = answerOf(error);
    }
  }
  finish();
}

async function take(step: Step): Promise<Answer> {
  switch (step.op) {
    case 'connect':
      return connectTo({ path: step.path });
    case 'connect-tcp':
      return connectTo({ host: step.host, port: step.port });
    case 'ask-api':
      return askApi(step.host, step.port);
    case 'process':
      return onProcess(step.act, step.process);
    case 'run':
      return runClient(step.run);
    default:
      return onPath(step.op, step.path);
  }
}

function answer(outcome: Outcome, detail: string, output = ''): Answer {
  return { outcome, detail, output };
}

function answerOf(error: unknown): Answer {
  const code = String((error as NodeJS.ErrnoException).code ?? error);
  return answer(['ENOENT', 'ENOTDIR', 'ELOOP', 'ESRCH'].includes(code) ? 'absent' : 'refused', code);
}

/** Changes nothing: to write is only asked for. A FIFO is not waited for, and the last link of a path not followed. */
function onPath(op: string, path: string): Answer {
  const fs = process.getBuiltinModule('node:fs');
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW, W_OK } = fs.constants;
  if (op === 'write') {
    fs.accessSync(path, W_OK);
    return answer('reached', `may write to ${path}`);
  }
  if (op === 'read') {
    fs.closeSync(fs.openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
    return answer('reached', `read ${path}`);
  }
  const dir = fs.opendirSync(path);
  const names: string[] = [];
  try {
    for (let entry = dir.readSync(); entry !== null && names.length < 20; entry = dir.readSync())
      names.push(entry.name);
  } finally {
    dir.closeSync();
  }
  return answer('reached', `listed ${path}`, op === 'names' ? names.join('\n') : '');
}

/** Connects, sends nothing, and leaves. */
function connectTo(where: { path: string } | { host: string; port: number }): Promise<Answer> {
  const { connect } = process.getBuiltinModule('node:net');
  return new Promise((resolve) => {
    const socket = connect(where);
    const end = (result: Answer) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(3000, () => end(answer('refused', 'no answer within 3 s')));
    socket.once('connect', () => end(answer('reached', 'connected')));
    socket.once('error', (error) => end(answerOf(error)));
  });
}

/** Asks the HTTP API without a token. */
function askApi(host: string, port: number): Promise<Answer> {
  const { get } = process.getBuiltinModule('node:http');
  return new Promise((resolve) => {
    const request = get({ host, port, path: '/api/instances', timeout: 3000, agent: false }, (response) => {
      response.destroy();
      const status = response.statusCode ?? 0;
      resolve(answer(status < 400 ? 'reached' : 'refused', `answered ${status}`));
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 3 s')));
    request.once('error', (error) => resolve(answerOf(error)));
  });
}

/** A pid counts only where it is the same process: in the same pid namespace, or by the time of its start. */
function onProcess(act: string, target: TargetProcess): Answer {
  const fs = process.getBuiltinModule('node:fs');
  const dir = `/proc/${target.pid}`;
  const seen = startTicksOf(target.pid);
  if (seen !== target.startTicks && (seen !== null || namespaceOf() !== target.pidNamespace))
    return answer('absent', 'not in its table of processes');
  if (act === 'signal') {
    process.kill(target.pid, 0);
    return answer('reached', `may signal ${target.pid}`);
  }
  if (act === 'fd') fs.readdirSync(`${dir}/fd`);
  if (act === 'root') fs.readdirSync(`${dir}/root/`);
  if (act === 'cwd') fs.readdirSync(`${dir}/cwd/`);
  if (act === 'environ') fs.readFileSync(`${dir}/environ`);
  // Opened for reading and writing, which the kernel allows exactly those who may trace the process.
  if (act === 'memory') fs.closeSync(fs.openSync(`${dir}/mem`, 'r+'));
  return answer('reached', `${act === 'memory' ? 'may trace' : `read ${act} of`} ${target.pid}`);
}

function startTicksOf(pid: number): number | null {
  try {
    const stat = process.getBuiltinModule('node:fs').readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return null;
  }
}

function namespaceOf(): string {
  try {
    return process.getBuiltinModule('node:fs').readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Runs a client of a database. Its own exit status and words are the evidence. */
function runClient({ files, args, env }: ClientRun): Promise<Answer> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { accessSync, constants } = process.getBuiltinModule('node:fs');
  const file = files.find((one) => {
    try {
      accessSync(one, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  const name = String(files[0]?.split('/').pop());
  if (file === undefined) return Promise.resolve(answer('untried', `${name} is not there, inside`));
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      env,
      cwd: '/',
      timeout: 10_000,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out = (out + chunk).slice(0, 4096);
    });
    child.stderr.on('data', (chunk) => {
      err = (err + chunk).slice(0, 4096);
    });
    child.once('error', (error) => resolve(answerOf(error)));
    child.once('close', (status, signal) => {
      if (signal !== null) resolve(answer('refused', 'no answer within 10 s'));
      else if (status === 0) resolve(answer('reached', `${name} succeeded`, out.trim()));
      else resolve(answer('refused', reasonIn(err) || `exit status ${status}`, out.trim()));
    });
  });
}

/** Returns the first line that is no warning: a client may complain of its environment before it says why it failed. */
function reasonIn(printed: string): string {
  const lines = printed.trim().split('\n');
  return lines.find((line) => !/^\W*(\w+: )?warning\b/i.test(line)) ?? lines[0] ?? '';
}

const PARTS = [
  main,
  take,
  answer,
  answerOf,
  onPath,
  connectTo,
  askApi,
  onProcess,
  startTicksOf,
  namespaceOf,
  runClient,
  reasonIn,
];
