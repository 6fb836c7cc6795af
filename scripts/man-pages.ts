/** Writes the manual pages to man/, before the package is packed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { version } from '../src/version.ts';
import { manPages } from './man/pages.ts';

const directory = new URL('../man/', import.meta.url);
mkdirSync(directory, { recursive: true });
for (const [name, text] of Object.entries(await manPages(version))) writeFileSync(new URL(name, directory), text);
