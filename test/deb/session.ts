/** Runs the commands of docs/install.md in a machine as a person would, and keeps what a terminal would have shown. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.ts';

const PAGE = fileURLToPath(new URL('../../docs/install.md', import.meta.url));

/** Returns the blocks of a section of the page that have a language, in order. */
export function blocksOf(section: string): { readonly language: string; readonly text: string }[] {
  const page = readFileSync(PAGE, 'utf8');
  const [, body = ''] = new RegExp(`^## ${section}\n(.*?)^## `, 'ms').exec(page) ?? [];
  const blocks = [...body.matchAll(/^```(\w+)\n(.*?)^```/gms)];
  if (blocks.length === 0) throw new Error(`docs/install.md has no commands in "${section}"`);
  return blocks.map(([, language = '', text = '']) => ({ language, text }));
}

export class Session {
  readonly #machine: Machine;
  #text = '';

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get text(): string {
    return this.#text;
  }

  /** Runs each line. Returns what they printed, by line. Rejects when one fails. */
  async run(commands: string): Promise<ReadonlyMap<string, string>> {
    const outputs = new Map<string, string>();
    for (const command of commands.trimEnd().split('\n')) {
      const startedMs = performance.now();
      const { status, output } = await this.#machine.try(command);
      const took = ((performance.now() - startedMs) / 1000).toFixed(1);
      const shown = output.replace(/^.*\r(?!\n)/gm, '');
      this.note(`# ${command}\n${shown}${shown === '' || shown.endsWith('\n') ? '' : '\n'}[${took} s]\n`);
      if (status !== 0) throw new Error(`${command}\n${output}exit status ${status}`);
      outputs.set(command, output.trim());
    }
    return outputs;
  }

  note(text: string): void {
    this.#text += `${text}\n`;
  }
}

/** Returns the config with the tables of `changes`: keys of a table that it has are replaced, other tables are added. */
export function withTables(config: string, changes: string): string {
  return changes
    .split(/^(?=\[)/m)
    .filter((table) => table.trim() !== '')
    .reduce((text, table) => withTable(text, table.trim()), config);
}

function withTable(config: string, table: string): string {
  const [name = '', ...lines] = table.split('\n');
  const start = config.indexOf(`\n${name}\n`);
  if (start < 0) return `${config}\n${table}\n`;
  const end = start + 1 + (config.slice(start + 1).search(/\n(?=\[)/) + 1 || config.length);
  const changed = lines.reduce(
    (text, line) => {
      const [key = ''] = line.split(' =');
      return text.replace(new RegExp(`^${key} = .*$`, 'm'), () => line);
    },
    config.slice(start, end),
  );
  return config.slice(0, start) + changed + config.slice(end);
}
