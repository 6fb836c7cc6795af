/** A directory that becomes the files of the package. */
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Paths are relative to the root of the system. */
export class Tree {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    mkdirSync(root, { recursive: true });
  }

  write(path: string, content: string | Buffer, mode = 0o644): void {
    const file = this.#place(path);
    writeFileSync(file, content);
    chmodSync(file, mode);
  }

  writeCompressed(path: string, content: string): void {
    this.write(`${path}.gz`, gzipSync(content, { level: 9 }));
  }

  /** Copies a file or a directory. */
  copy(from: string, path: string, filter: (file: string) => boolean = () => true): void {
    cpSync(from, this.#place(path), { recursive: true, filter });
  }

  link(path: string, target: string): void {
    symlinkSync(target, this.#place(path));
  }

  /** Lists all files, sorted, without links and directories. */
  files(): { path: string; file: string }[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => ({ path: relative(this.root, file), file }));
  }

  /** Gives everything the modes that a package has, whatever umask and checkout say. */
  normalizeModes(): void {
    chmodSync(this.root, 0o755);
    for (const entry of readdirSync(this.root, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isDirectory()) chmodSync(file, 0o755);
      else if (entry.isFile()) chmodSync(file, isProgram(file) ? 0o755 : 0o644);
    }
  }

  /** Takes the first line from scripts that name a `node` of the PATH, which a system need not have. */
  removeInterpreters(path: string): void {
    const scripts = this.files().filter((entry) => entry.path.startsWith(path) && /\.[cm]?js$/.test(entry.path));
    for (const { file } of scripts) {
      const text = readFileSync(file, 'utf8');
      if (text.startsWith('#!')) writeFileSync(file, text.slice(text.indexOf('\n') + 1));
    }
  }

  /** Returns what the files take on disk, in KiB, as dpkg counts. */
  kib(): number {
    return this.files().reduce((sum, { file }) => sum + Math.ceil(lstatSync(file).size / 1024), 0);
  }

  #place(path: string): string {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  }
}

function isProgram(file: string): boolean {
  return (
    (lstatSync(file).mode & 0o100) !== 0 && /^(#!|\x7fELF)/.test(readFileSync(file).subarray(0, 4).toString('latin1'))
  );
}
