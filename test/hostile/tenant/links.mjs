// Links in its own directory that tenement might follow.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { later } from './tools.mjs';

const own = (name) => join(process.env.DATA_DIR, name);

export const links = {
  /** A link to somewhere else in place of what tenement creates in this directory at the next start. */
  'plant-tmp-link': ({ target }) => {
    rmSync(own('.tmp'), { recursive: true, force: true });
    symlinkSync(target, own('.tmp'));
    return `${own('.tmp')} leads to ${target}`;
  },

  'plant-link': ({ target }) => {
    symlinkSync(target, own('elsewhere'));
    return `${own('elsewhere')} leads to ${target}`;
  },

  /** The directory and a link in turn, between a check of tenement and its next step. Continues until undone. */
  'race-tmp-link': async ({ target }) => {
    const child = spawn('/usr/bin/python3', ['-c', RACER, process.env.DATA_DIR, target], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    later(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    return `${own('.tmp')} leads to ${target} now and then`;
  },
};

/**
 * By turns without the directory, so that tenement makes it, as root, and with one of another mode than it is to have,
 * so that tenement changes that. 2 is RENAME_EXCHANGE.
 */
const RACER = `
import ctypes, os, shutil, sys, time
libc = ctypes.CDLL(None)
home, target = sys.argv[1:]
os.chdir(home)
untilS = time.monotonic() + 300
exists = False

def clear(name):
    if os.path.islink(name):
        os.unlink(name)
    else:
        shutil.rmtree(name, ignore_errors=True)

print('runs', flush=True)
while time.monotonic() < untilS:
    try:
        clear('.tmp')
        clear('.swap')
        os.symlink(target, '.swap')
        exists = not exists
        if exists:
            os.mkdir('.tmp', 0o755)
    except OSError:
        continue
    swaps = 0
    while swaps < 2000 and time.monotonic() < untilS:
        swaps += libc.renameat2(-100, b'.tmp', -100, b'.swap', 2) == 0
`;
