import { tryAllAt } from './try-all.ts';

await tryAllAt('sandbox, no network');
