/** What ACME keeps in the state directory: the account, orders that are under way, and certificates with their keys. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { KeyAndChain } from '../core/acme/key-and-chain.ts';
import { listFinished, makePrivateDir, readIfThere, removeFile, writePrivately } from './private-files.ts';

/** The account at one certificate authority. */
export interface AccountFile {
  readonly directory: string;
  readonly email: string | null;
  /** Private key as PEM. */
  readonly key: string;
  /** What the authority calls the account; null: it was not registered yet. */
  readonly url: string | null;
}

/** An order that is under way. How far it is, the certificate authority knows. */
export interface OrderFile {
  readonly name: string;
  readonly directory: string;
  /** Private key of the certificate, as PEM. */
  readonly key: string;
  /** null: it was not begun at the authority yet. */
  readonly url: string | null;
}

export class AcmeFiles {
  private readonly dirs: Readonly<Record<'accounts' | 'orders' | 'certificates', string>>;

  constructor(stateDir: string) {
    const dir = join(stateDir, 'acme');
    this.dirs = { accounts: dir, orders: join(dir, 'orders'), certificates: join(dir, 'certificates') };
    for (const one of Object.values(this.dirs)) makePrivateDir(one);
  }

  account(directory: string): Promise<AccountFile | null> {
    return json<AccountFile>(this.accountPath(directory));
  }

  saveAccount(account: AccountFile): Promise<void> {
    return writePrivately(this.accountPath(account.directory), `${JSON.stringify(account, null, 2)}\n`);
  }

  order(name: string): Promise<OrderFile | null> {
    return json<OrderFile>(this.orderPath(name));
  }

  saveOrder(order: OrderFile): Promise<void> {
    return writePrivately(this.orderPath(order.name), `${JSON.stringify(order, null, 2)}\n`);
  }

  removeOrder(name: string): Promise<void> {
    return removeFile(this.orderPath(name));
  }

  /** Lists the names of orders that are under way. */
  async ordered(): Promise<string[]> {
    const files = await listFinished(this.dirs.orders);
    const orders = await Promise.all(files.map((file) => json<OrderFile>(join(this.dirs.orders, file))));
    return orders.flatMap((order) => (order === null ? [] : [order.name]));
  }

  async certificate(name: string): Promise<KeyAndChain | null> {
    const text = await readIfThere(this.certificatePath(name));
    const end = text?.indexOf(BEGIN_CERTIFICATE) ?? -1;
    return text === null || end === -1 ? null : { key: text.slice(0, end), chain: text.slice(end) };
  }

  /** Key and chain are one file, so that they always match. */
  saveCertificate(name: string, { key, chain }: KeyAndChain): Promise<void> {
    return writePrivately(this.certificatePath(name), `${key.trimEnd()}\n${chain.trimEnd()}\n`);
  }

  /** Removes the certificates of all other names. */
  async keepCertificates(names: ReadonlySet<string>): Promise<void> {
    const kept = new Set(Array.from(names, (name) => this.certificatePath(name)));
    const dir = this.dirs.certificates;
    const paths = (await listFinished(dir)).map((file) => join(dir, file));
    for (const path of paths) if (!kept.has(path)) await removeFile(path);
  }

  async removeAll(name: string): Promise<void> {
    await Promise.all([this.removeOrder(name), removeFile(this.certificatePath(name))]);
  }

  private accountPath(directory: string): string {
    return join(
      this.dirs.accounts,
      `account-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}.json`,
    );
  }

  private orderPath(name: string): string {
    return join(this.dirs.orders, `${fileNameOf(name)}.json`);
  }

  private certificatePath(name: string): string {
    return join(this.dirs.certificates, `${fileNameOf(name)}.pem`);
  }
}

const BEGIN_CERTIFICATE = '-----BEGIN CERTIFICATE-----';
/** With what is added, a file name has at most 255 bytes. */
const MAX_FILE_NAME = 220;

/** Names are labels and dots, so `_.example.com` is nobody else's. */
function fileNameOf(name: string): string {
  const plain = name.replace(/^\*/, '_');
  return plain.length <= MAX_FILE_NAME ? plain : `_${createHash('sha256').update(name).digest('hex')}`;
}

/** A file that is damaged counts as none. */
async function json<Value>(path: string): Promise<Value | null> {
  const text = await readIfThere(path);
  try {
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    return null;
  }
}
