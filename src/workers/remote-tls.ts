/** The server's certificates in a worker. Only the server has more of them issued. */
import type { TlsSource } from '../core/tls/tls-source.ts';
import { TlsTable } from '../core/tls/tls-table.ts';

interface Asked {
  readonly promise: Promise<void>;
  resolve(): void;
}

export class RemoteTls implements TlsSource {
  readonly table = new TlsTable();
  private mayObtain = false;
  private readonly ask: (name: string) => void;
  private readonly asked = new Map<string, Asked>();

  /** @param ask asks the server for a certificate; it calls `obtained` when that is over */
  constructor(ask: (name: string) => void) {
    this.ask = ask;
  }

  allow(mayObtain: boolean): void {
    this.mayObtain = mayObtain;
  }

  get obtain(): TlsSource['obtain'] {
    return this.mayObtain ? (name) => this.wait(name) : null;
  }

  /** The certificate has arrived before, if there is one. */
  obtained(name: string): void {
    this.asked.get(name)?.resolve();
    this.asked.delete(name);
  }

  private wait(name: string): Promise<void> {
    const before = this.asked.get(name);
    if (before !== undefined) return before.promise;
    const asked = Promise.withResolvers<void>();
    this.asked.set(name, asked);
    this.ask(name);
    return asked.promise;
  }
}
