/** The manual pages, by the names of their files. */
import { processIo } from '../../src/cli/output/io.ts';
import { wholeProgram } from '../../src/cli/program.ts';
import { commandPage } from './command-page.ts';
import { configPage } from './config-page.ts';

export async function manPages(version: string): Promise<Readonly<Record<string, string>>> {
  const program = await wholeProgram(processIo());
  return {
    'tenement.1': commandPage(program, version),
    'ten.1': '.so man1/tenement.1\n',
    'tenement.toml.5': configPage(version),
  };
}
