import { tryAllAt } from './try-all.ts';

await tryAllAt('namespace, no network');
