/** `npm run bench NAME`: measures side by side and prints ratios. Asserts nothing. */
import { delimiter, dirname } from 'node:path';

const BENCHES: Readonly<Record<string, () => Promise<{ bench(): Promise<void> }>>> = {
  wake: () => import('./wake.ts'),
  storm: () => import('./storm.ts'),
  crowd: () => import('./crowd.ts'),
  proxy: () => import('./proxy.ts'),
  tls: () => import('./tls.ts'),
  front: () => import('./front.ts'),
  domains: () => import('./domains.ts'),
  bodies: () => import('./bodies.ts'),
  attack: () => import('./attack.ts'),
  floods: () => import('./floods.ts'),
  thaw: () => import('./thaw.ts'),
  isolation: () => import('./isolation.ts'),
  bombs: () => import('./bombs.ts'),
  ends: () => import('./ends.ts'),
  archive: () => import('./archive.ts'),
  crash: () => import('./crash.ts'),
  dashboard: () => import('./dashboard.ts'),
  peers: () => import('./peers/main.ts'),
};

// Tenants must not get npm's additions to PATH; the benches' tenants run with the benches' Node.
process.env['PATH'] = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`;

const name = process.argv[2] ?? '';
const load = BENCHES[name];
if (load === undefined) {
  console.error(`usage: npm run bench NAME, one of ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
await (await load()).bench();
