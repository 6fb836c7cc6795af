/** Dependencies that every route shares. */

import type { CertificateFace } from '../core/acme/certificate-face.ts';
import type { TurnedAway } from '../core/admission/turned-away.ts';
import type { BackupFace } from '../core/backup/backup-face.ts';
import type { HostFace } from '../core/dashboard/host-face.ts';
import type { IdentityReading } from '../core/identity/identity-reading.ts';
import type { NotifyPort } from '../core/notify/notify-port.ts';
import type { RequestMeasures } from '../core/observing/request-measures.ts';
import type { Config, ListenAddress } from '../core/service/service.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import type { LogStore } from '../core/stores/log-store.ts';
import type { TokenStore } from '../core/stores/token-store.ts';
import type { TlsReading } from '../core/tls/tls-reading.ts';
import type { UsageFace } from '../core/usage/usage-face.ts';
import type { LoginFace } from '../core/verbs/login-verbs.ts';
import type { SupervisorFace } from '../core/verbs/supervisor-face.ts';
import type { TokenFace } from '../core/verbs/token-verbs.ts';
import type { Logger } from '../logger.ts';
import type { TokenWatch } from './access/token-watch.ts';
import type { Followers } from './streaming/stream.ts';

/** The parts of tenement that the API exposes. */
export interface ApiDeps {
  readonly supervisor: SupervisorFace;
  readonly events: EventLog;
  readonly logs: LogStore;
  readonly tokens: TokenFace;
  readonly tokenStore: Pick<TokenStore, 'check' | 'checkSession' | 'used' | 'isValid' | 'onRevoked'>;
  readonly logins: LoginFace;
  readonly notify: NotifyPort;
  readonly backups: BackupFace;
  readonly certificates: CertificateFace;
  readonly usage: UsageFace;
  readonly host: HostFace;
  readonly turnedAway: TurnedAway;
  readonly measures: Pick<RequestMeasures, 'durations' | 'refusals'>;
  readonly identity: IdentityReading;
  readonly tls: TlsReading;
  /** Returns the config that is served now. */
  config(): Config;
  /** Reads the config again, and returns a sentence for each change. @throws {TenementError} when nothing has changed */
  reload(): string[];
  /** Whether a host names a registered instance, by the proxy's rules. */
  isKnownHost(host: string): boolean;
  /** Where the API listens on TCP; null before it does. */
  apiAddress(): ListenAddress | null;
  /** tenement's own version. */
  readonly version: string;
}

export interface ApiContext {
  readonly deps: ApiDeps;
  readonly logger: Logger;
  readonly followers: Followers;
  readonly tokenWatch: TokenWatch;
  /** Aborts when the API closes. */
  readonly closing: AbortController;
}
