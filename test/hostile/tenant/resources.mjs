// Shared resources: processes, memory, disk, descriptors. Each attempt is bounded, and releases what it took.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Denied, later, run } from './tools.mjs';

const MIB = 1024 * 1024;
const CHILDREN = 2000;
const MEMORY_MIB = 1024;
const DISK_MIB = 64;
const DESCRIPTORS = 100_000;

/** The attempt succeeds beyond the configured limit. */
function counted(count, most, what, limit, error) {
  const why = error === null ? '' : `, then ${error.code}`;
  if (count <= limit) throw new Denied(`got ${count} ${what}${why}`);
  return `got ${count} ${what}${count >= most ? ', as many as it tried' : why}`;
}

async function forkBomb({ limit }) {
  const children = [];
  let refusal = null;
  while (children.length < CHILDREN && refusal === null) {
    const child = spawn('/bin/sleep', ['120'], { stdio: 'ignore' });
    child.on('error', (error) => {
      refusal = error;
    });
    if (child.pid !== undefined) children.push(child);
    // This also lets probes be answered meanwhile.
    await turn();
  }
  const ended = children.map((child) => once(child, 'exit'));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(ended);
  return counted(children.length, CHILDREN, 'children', limit, refusal);
}

/** Holds its resources for `holdMs`, so that a measurement sees them. */
async function fillMemory({ holdMs }) {
  const kept = [];
  while (kept.length * 16 < MEMORY_MIB) {
    kept.push(Buffer.alloc(16 * MIB, 1));
    await turn();
  }
  await delay(holdMs);
  return `has ${kept.length * 16} MiB`;
}

function fillDisk() {
  const path = join(process.env.DATA_DIR, 'filled');
  later(() => rmSync(path, { force: true }));
  const fd = openSync(path, 'w');
  const block = Buffer.alloc(MIB, 1);
  try {
    for (let written = 0; written < DISK_MIB; written += 1) writeSync(fd, block);
  } finally {
    closeSync(fd);
  }
  return `wrote ${DISK_MIB} MiB`;
}

/** The file is in no directory any more, and takes space until it is closed. */
function keepDeleted() {
  const path = join(process.env.DATA_DIR, 'deleted');
  const fd = openSync(path, 'w');
  later(() => closeSync(fd));
  rmSync(path);
  const block = Buffer.alloc(MIB, 1);
  for (let written = 0; written < DISK_MIB; written += 1) writeSync(fd, block);
  return `wrote ${DISK_MIB} MiB into a deleted file`;
}

function fillDescriptors({ limit }) {
  const open = [];
  let refusal = null;
  while (open.length < DESCRIPTORS && refusal === null) {
    try {
      open.push(openSync('/dev/null', 'r'));
    } catch (error) {
      refusal = error;
    }
  }
  for (const fd of open) closeSync(fd);
  return counted(open.length, DESCRIPTORS, 'descriptors', limit, refusal);
}

/** Raises a hard limit, which requires CAP_SYS_RESOURCE. */
async function raiseLimit({ limit }) {
  const wanted = limit + 1000;
  const script = `ulimit -n ${wanted} 2>/dev/null; ulimit -n`;
  const got = Number(await run('/bin/sh', ['-c', script]));
  return counted(got, wanted, 'descriptors allowed', limit, null);
}

/** Moves a child from the cgroup that limits its processes into the parent. */
async function leaveCgroup() {
  const group = cgroupOf('pids');
  if (group === null) throw new Denied('sees no cgroup above its own');
  const child = spawn('/bin/sleep', ['30'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    writeFileSync(`${group.mount}${join(group.path, '..')}/cgroup.procs`, String(child.pid));
    return `is out of ${group.path}`;
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Version 1 has a tree for each controller, version 2 one for all; null at the root. */
function cgroupOf(controller) {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  const groups = lines.map((line) => line.split(':')).filter(([, , path]) => path !== '/');
  for (const [, controllers, path] of groups) {
    if (controllers === controller) return { mount: `/sys/fs/cgroup/${controller}`, path };
    if (controllers === '') return { mount: '/sys/fs/cgroup', path };
  }
  return null;
}

export const resources = {
  'fork-bomb': forkBomb,
  'fill-memory': fillMemory,
  'fill-disk': fillDisk,
  'keep-deleted': keepDeleted,
  'fill-descriptors': fillDescriptors,
  'raise-limit': raiseLimit,
  'leave-cgroup': leaveCgroup,
};
