// Loaded into a server before its own code: notes when its event loop stood still, for how long, and writes it to
// STALLS_FILE when the server exits.
import { writeFileSync } from 'node:fs';

const EVERY_MS = 5;
const LEAST_MS = 5;
const stalls = [];
let lastMs = performance.now();

setInterval(() => {
  const nowMs = performance.now();
  const ms = nowMs - lastMs - EVERY_MS;
  if (ms >= LEAST_MS) stalls.push({ atMs: Date.now(), ms });
  lastMs = nowMs;
}, EVERY_MS).unref();
process.on('exit', () => writeFileSync(process.env.STALLS_FILE, JSON.stringify(stalls)));
