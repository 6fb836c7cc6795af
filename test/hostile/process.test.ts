import { tryAllAt } from './try-all.ts';

await tryAllAt('process');
