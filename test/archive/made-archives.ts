/** Archives made by hand, as somebody would who means harm. */
import { zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';

export interface HandMadeEntry {
  readonly name: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'character-device' | 'block-device';
  readonly linkname?: string;
  readonly mode?: number;
  readonly text?: string | Buffer;
  readonly pax?: Readonly<Record<string, string>>;
}

export const ROOT: HandMadeEntry = { name: 'data/', type: 'directory', mode: 0o700 };

export function manifest(overrides: object = {}): HandMadeEntry {
  const tenant = { id: 'acme', plan: null, expiresAt: null, labels: {}, env: {}, domains: [] };
  const instances = [{ service: 'app', env: {}, limits: {} }];
  const value = { format: 'tenement archive', version: 1, tenement: '0.1.0', createdAt: '2026-01-01T00:00:00.000Z' };
  const text = JSON.stringify({ ...value, tenant, instances, files: 1, bytes: 0, hasSecrets: false, ...overrides });
  return { name: 'manifest.json', text };
}

/** The end that belongs to these entries below `data/`. */
export function endOf(entries: readonly HandMadeEntry[]): HandMadeEntry {
  const data = entries.filter(({ name }) => name.replace(/^\.\//, '').startsWith('data'));
  const bytes = data.reduce((sum, { text = '' }) => sum + Buffer.byteLength(text), 0);
  return { name: 'end.json', text: JSON.stringify({ files: data.length, bytes }) };
}

export async function tarOf(entries: readonly HandMadeEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, type = 'file', linkname, mode = 0o644, text = '', pax } of entries) {
    const header = { name, type, mode, ...(linkname !== undefined && { linkname }), ...(pax !== undefined && { pax }) };
    if (type === 'file') tar.entry(header, text);
    else tar.entry(header);
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** A whole archive with these entries, which are complete as far as they can be. */
export async function archiveOf(entries: readonly HandMadeEntry[], head = manifest()): Promise<Buffer> {
  return zstdCompressSync(await tarOf([head, ROOT, ...entries, endOf([ROOT, ...entries])]));
}
