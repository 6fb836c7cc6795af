// Loaded into a server by `node --import`: throws, once and when it is asked to, inside one of the callbacks that the
// product has given to the system. The product knows nothing of it.
import childProcess from 'node:child_process';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { join } from 'node:path';

const original = { setTimeout, setImmediate, createServer: net.createServer };
/** A place in the source that registers a callback → how often it was called, and failed. */
const sites = new Map();
/** Place → 'before' or 'after': the callback is not called, or has been. */
const armed = new Map();

/** Functions that pass on others' callbacks. A renamed one would merge the places of all its callers into one. */
const MECHANISM = ['faults', 'node/after', 'node/clock', 'node/event-loop-turns'].map((name) => `/src/${name}.ts`);
for (const path of MECHANISM) fs.accessSync(new URL(`../../../..${path}`, import.meta.url));

/** Functions of Node that register callbacks. */
const PASSES_ON = /(\.on|\.once|new Server|createServer|setTimeout|\.listen|\.close) /;

function siteOf(kind) {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 25;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  for (const line of stack.split('\n').slice(2)) {
    if (line.includes('/faults/inject.mjs')) continue;
    // Callbacks that Node and packages register for themselves are left alone.
    if (line.includes('/node_modules/') || (/\(node:|at node:/.test(line) && !PASSES_ON.test(line))) return null;
    const found = /(\/src\/.*?\.ts:\d+):\d+\)?$/.exec(line);
    if (found !== null && !MECHANISM.some((path) => line.includes(path))) return `${found[1].slice(1)} ${kind}`;
  }
  return null;
}

function wrapped(kind, callback) {
  if (typeof callback !== 'function' || /\[native code\]\s*\}$/.test(Function.prototype.toString.call(callback)))
    return callback;
  // A guard of the product calls these; the exception must come within the guard.
  if (typeof callback.listener === 'function') {
    callback.listener = wrapped(kind, callback.listener);
    return callback;
  }
  const site = siteOf(kind);
  if (site === null) return callback;
  const seen = sites.get(site) ?? { calls: 0, thrown: 0 };
  sites.set(site, seen);
  return function (...args) {
    seen.calls += 1;
    const mode = armed.get(site);
    if (mode === undefined) return Reflect.apply(callback, this, args);
    armed.delete(site);
    seen.thrown += 1;
    if (mode === 'after') Reflect.apply(callback, this, args);
    throw new Error(`injected ${mode} ${site}`);
  };
}

const { on, prependListener } = EventEmitter.prototype;
for (const [name, add] of [
  ['on', on],
  ['addListener', on],
  ['prependListener', prependListener],
]) {
  EventEmitter.prototype[name] = function (event, listener) {
    const guard = wrapped(`on ${String(event)}`, listener);
    if (guard !== listener) guard.listener = listener;
    return Reflect.apply(add, this, [event, guard]);
  };
}
const { once } = EventEmitter.prototype;
EventEmitter.prototype.once = function (event, listener) {
  const guard = wrapped(`once ${String(event)}`, listener);
  if (guard === listener) return Reflect.apply(once, this, [event, listener]);
  const only = function (...args) {
    this.removeListener(event, only);
    return Reflect.apply(guard, this, args);
  };
  only.listener = listener;
  return Reflect.apply(on, this, [event, only]);
};

for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) {
  const schedule = globalThis[name];
  globalThis[name] = Object.assign((callback, ...rest) => schedule(wrapped(name, callback), ...rest), schedule);
  Object.defineProperties(globalThis[name], Object.getOwnPropertyDescriptors(schedule));
}
const { nextTick } = process;
process.nextTick = (callback, ...rest) => Reflect.apply(nextTick, process, [wrapped('nextTick', callback), ...rest]);

const { addEventListener, removeEventListener } = EventTarget.prototype;
const guards = new WeakMap();
EventTarget.prototype.addEventListener = function (type, listener, options) {
  const guard = wrapped(`event ${type}`, listener);
  if (typeof listener === 'function') guards.set(listener, guard);
  return Reflect.apply(addEventListener, this, [type, guard, options]);
};
EventTarget.prototype.removeEventListener = function (type, listener, options) {
  return Reflect.apply(removeEventListener, this, [type, guards.get(listener) ?? listener, options]);
};

const { watch } = fs;
fs.watch = (path, options, listener) => watch(path, options, wrapped('fs.watch', listener));
const { connect } = net;
net.connect = (options, ...rest) => {
  if (typeof options !== 'object' || options.onread === undefined) return connect(options, ...rest);
  const onread = { ...options.onread, callback: wrapped('onread', options.onread.callback) };
  return connect({ ...options, onread }, ...rest);
};
const { execFile } = childProcess;
childProcess.execFile = (file, args, options, callback) => execFile(file, args, options, wrapped('execFile', callback));
syncBuiltinESMExports();

const listen = (name) =>
  control.listen({ path: join(process.env.FAULTS_DIR, `${name}.faults`), exclusive: true }).unref();
// The socket opens when the server is ready: at its start the server closes descriptors that it did not open.
const { write } = process.stdout;
process.stdout.write = (text, ...rest) => {
  process.stdout.write = write;
  listen('server');
  return Reflect.apply(write, process.stdout, [text, ...rest]);
};

// A line of JSON is a command, {"arm":{site: mode}} or {}; the response lists the places.
const control = original.createServer((socket) => {
  Reflect.apply(on, socket, ['error', () => {}]);
  Reflect.apply(on, socket, [
    'data',
    (bytes) => {
      const { arm } = JSON.parse(String(bytes));
      armed.clear();
      for (const [site, mode] of Object.entries(arm ?? {})) armed.set(site, mode);
      socket.end(JSON.stringify({ sites: Object.fromEntries(sites) }));
    },
  ]);
  socket.resume();
});
// A proxy worker prints nothing of its own.
if (process.env.NODE_UNIQUE_ID !== undefined) listen(process.pid);
