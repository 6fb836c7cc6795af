/** `tenement top` on a real terminal, which Python opens: Node cannot. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { MAIN } from './follower.ts';
import { serve } from './support.ts';

/** Runs a command on a terminal of 80×24, sends it what ends it when its screen has a text, and prints all that it wrote. */
const TERMINAL = `import os, pty, signal, sys, fcntl, struct, termios
end, awaited, *words = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0: os.execvp(words[0], words)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
out = b""
told = False
while True:
    try: piece = os.read(fd, 65536)
    except OSError: break
    if not piece: break
    out += piece
    if awaited.encode() in out and not told:
        told = True
        os.kill(pid, signal.SIGTERM) if end == "SIGTERM" else os.write(fd, end.encode().decode("unicode_escape").encode())
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(out + b"\\nstatus %d" % status)`;

const ENTERED = '\u001b[?1049h\u001b[?25l';
const LEFT = '\u001b[?25h\u001b[?1049l';

test.each(['q', '\\x03', 'SIGTERM'])('top fills the terminal, and gives it back at %j', async (end) => {
  const server = await serve('[service.app]\ncommand = "node {fixtures}/tenant.mjs"\n[instances]\napp = ["acme"]\n');
  const words = [process.execPath, MAIN, 'top', '-c', server.configFile];
  const env = { ...process.env, TERM: 'xterm', NO_COLOR: '1' };
  const child = spawn('python3', ['-c', TERMINAL, end, 'app:acme', ...words], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const out = await text(child.stdout);
  expect(out.slice(out.indexOf(ENTERED))).toMatch(/1 instance: 1 (ready|asleep)[\s\S]*INSTANCE +STATE[\s\S]*app:acme/);
  expect(out.split(ENTERED)).toHaveLength(2);
  expect(out.split(LEFT)).toHaveLength(2);
  expect(out.endsWith(`${LEFT}\nstatus 0`)).toBe(true);
});
