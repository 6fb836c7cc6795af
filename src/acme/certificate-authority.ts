/** One certificate authority: its directory, this server's account there, and requests about orders. */
import { Client, crypto } from 'acme-client';
import type { RenewalInfo } from '../core/acme/renewal.ts';
import { retryAfterMs } from '../core/acme/retry-after.ts';
import type { AcmeConfig } from '../core/tls/tls-config.ts';
import { readSecretFile } from '../node/secret-file.ts';
import type { AccountFile, AcmeFiles } from './acme-files.ts';
import { CaError } from './ca-error.ts';
import { Transport } from './transport.ts';

/** With one refused nonce of two, this many tries fail once in a million requests. */
const MAX_BAD_NONCES = 20;

/** RFC 8555 §7.1.3, §7.1.4, §7.1.5. */
export interface CaOrder {
  readonly url: string;
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate?: string;
  readonly error?: unknown;
}

export interface CaChallenge {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly status: string;
  readonly error?: unknown;
}

export interface CaAuthorization {
  readonly identifier: { readonly type: string; readonly value: string };
  readonly status: string;
  readonly challenges: readonly CaChallenge[];
}

/** RFC 8555 §7.1.1, RFC 9773 §4.1, and draft-ietf-acme-profiles §3. */
interface Directory {
  readonly renewalInfo?: unknown;
  /** `profiles`: name → description. */
  readonly meta?: { readonly profiles?: unknown };
}

/** The parts of acme-client that its types leave out. The version is pinned, and tests use each of them. */
interface OpenClient {
  readonly http: {
    request: Transport['request'];
    maxBadNonceRetries: number;
    getDirectory(): Promise<Directory>;
  };
  readonly api: {
    apiRequest(url: string, payload: object | null, statuses: readonly number[]): Promise<{ readonly data: unknown }>;
  };
}

export interface AuthorityOptions {
  readonly config: AcmeConfig;
  readonly files: AcmeFiles;
  readonly version: string;
}

export class CertificateAuthority {
  private readonly options: AuthorityOptions;
  private readonly transport: Transport;
  private opened: Promise<Client> | null = null;

  constructor(options: AuthorityOptions) {
    this.options = options;
    this.transport = new Transport({ caFile: options.config.caFile, version: options.version });
  }

  /** Orders a certificate. @param replaces id of the one that it renews (RFC 9773 §5); null: none. @throws {CaError} */
  async order(name: string, replaces: string | null): Promise<CaOrder> {
    const client = await this.client();
    const { profile } = this.options.config;
    if (profile !== null) await this.assertProfile(profile);
    const asked = {
      identifiers: [{ type: 'dns', value: name }],
      ...(profile === null ? {} : { profile }),
      ...(replaces === null || !(await this.isSuggesting()) ? {} : { replaces }),
    };
    return (await client.createOrder(asked)) as CaOrder;
  }

  /** @throws {CaError} */
  async orderAt(url: string): Promise<CaOrder> {
    const client = await this.client();
    return { ...((await this.read(client, url)) as CaOrder), url };
  }

  /** @throws {CaError} */
  async authorizationAt(url: string): Promise<CaAuthorization> {
    return (await this.read(await this.client(), url)) as CaAuthorization;
  }

  /** What proves a name to a challenge of this token (RFC 8555 §8.1). */
  async keyAuthorization(token: string): Promise<string> {
    const client = await this.client();
    return client.getChallengeKeyAuthorization({ type: 'http-01', token, url: '', status: 'pending' });
  }

  /** Tells the authority that a challenge is answered. @throws {CaError} */
  async answered(challenge: CaChallenge): Promise<void> {
    const client = await this.client();
    await openOf(client).api.apiRequest(challenge.url, {}, [200]);
  }

  /** @param key private key of the certificate, as PEM. @throws {CaError} */
  async finalize(order: CaOrder, name: string, key: string): Promise<CaOrder> {
    const client = await this.client();
    const [, csr] = await crypto.createCsr({ altNames: [name] }, key);
    return (await client.finalizeOrder(order as Parameters<typeof client.finalizeOrder>[0], csr)) as CaOrder;
  }

  /** Returns the chain of an order that is valid, as PEM. @throws {CaError} */
  async chainOf({ certificate = '' }: CaOrder): Promise<string> {
    return String(await this.read(await this.client(), certificate));
  }

  /** Whether it suggests when to renew (RFC 9773). @throws {CaError} */
  async isSuggesting(): Promise<boolean> {
    return (await this.renewalUrl()) !== null;
  }

  /** Returns its suggestion for a certificate; null: it makes none. @throws {CaError} */
  async renewalInfo(renewalId: string): Promise<RenewalInfo | null> {
    const url = await this.renewalUrl();
    if (url === null) return null;
    const { data, headers } = await this.transport.request(`${url.replace(/\/$/, '')}/${renewalId}`, 'get');
    const window = (data as { suggestedWindow?: { start?: unknown; end?: unknown } } | null)?.suggestedWindow;
    const [startMs, endMs] = [window?.start, window?.end].map((time) => Date.parse(String(time)));
    if (startMs === undefined || endMs === undefined || !(startMs < endMs)) return null;
    return { startMs, endMs, askAgainMs: retryAfterMs(headers['retry-after'] ?? null, Date.now()) };
  }

  /** Registers the account anew at the next request: the authority does not know it any more. */
  async forgetAccount(): Promise<void> {
    const { config, files } = this.options;
    const account = await files.account(config.directory);
    if (account !== null) await files.saveAccount({ ...account, url: null });
    this.opened = null;
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  /** Returns a client with an account. After a failure the next call tries again. */
  private client(): Promise<Client> {
    this.opened ??= this.open().catch((error: unknown) => {
      this.opened = null;
      throw error;
    });
    return this.opened;
  }

  private async renewalUrl(): Promise<string | null> {
    const { renewalInfo: url } = await this.directory();
    return typeof url === 'string' ? url : null;
  }

  private async directory(): Promise<Directory> {
    return openOf(await this.client()).http.getDirectory();
  }

  /** An authority that lists no profiles ignores them. @throws {CaError} */
  private async assertProfile(profile: string): Promise<void> {
    const profiles = (await this.directory()).meta?.profiles;
    if (typeof profiles !== 'object' || profiles === null || Object.hasOwn(profiles, profile)) return;
    const message = `the CA has no profile ${JSON.stringify(profile)}; it has ${Object.keys(profiles).slice(0, 10).join(', ')}`;
    throw new CaError(message, { status: 400, problem: null, retryAfterMs: null });
  }

  /** POST-as-GET (RFC 8555 §6.3). */
  private async read(client: Client, url: string): Promise<unknown> {
    return (await openOf(client).api.apiRequest(url, null, [200])).data;
  }

  private async open(): Promise<Client> {
    const { config, files } = this.options;
    const account = (await files.account(config.directory)) ?? (await this.newAccount());
    if (account.url !== null) {
      const client = this.clientOf(account);
      if (account.email === config.email) return client;
      await client.updateAccount({ contact: contactOf(config.email) });
      await files.saveAccount({ ...account, email: config.email });
      return client;
    }
    const client = this.clientOf(account);
    await client.createAccount({ termsOfServiceAgreed: true, contact: contactOf(config.email) });
    await files.saveAccount({ ...account, url: client.getAccountUrl(), email: config.email });
    return client;
  }

  /** The key is on disk before the authority knows it, so that no account is lost. */
  private async newAccount(): Promise<AccountFile> {
    const { config, files } = this.options;
    const key = String(await crypto.createPrivateEcdsaKey());
    const account = { directory: config.directory, email: config.email, key, url: null };
    await files.saveAccount(account);
    return account;
  }

  private clientOf({ key, url }: AccountFile): Client {
    const { directory: directoryUrl, externalAccount } = this.options.config;
    const client = new Client({
      directoryUrl,
      accountKey: key,
      ...(url === null ? {} : { accountUrl: url }),
      ...(externalAccount === null
        ? {}
        : { externalAccountBinding: { kid: externalAccount.keyId, hmacKey: secretOf(externalAccount.hmacKeyFile) } }),
    });
    const { http } = openOf(client);
    http.request = this.transport.request;
    http.maxBadNonceRetries = MAX_BAD_NONCES;
    return client;
  }
}

function openOf(client: Client): OpenClient {
  return client as unknown as OpenClient;
}

function contactOf(email: string | null): string[] {
  return email === null ? [] : [`mailto:${email}`];
}

/** @throws {CaError} */
function secretOf(path: string): string {
  const read = readSecretFile(path);
  if (read.ok) return read.text.trim();
  throw new CaError(`${path}: ${read.problem}`, { status: 400, problem: null, retryAfterMs: null });
}
