/** Turns the tables `[[notify]]` into targets, and checks what their schema cannot. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { NotifyTarget } from '../../core/notify/notify-target.ts';
import { signingKeys } from '../../core/notify/signing-secrets.ts';
import { isLoopback } from '../../core/routing/address.ts';
import { privateKind } from '../../node/private-addresses.ts';
import { readSecretFile } from '../../node/secret-file.ts';
import type { Problem } from '../problems/problems.ts';
import type { NotifyInput } from '../schema/notify.ts';

/** Stands for a URL that was refused. */
const NO_URL = 'http://invalid./';

/** @param dir directory of the config file */
export function notifyTargets(tables: readonly NotifyInput[], dir: string, problems: Problem[]): NotifyTarget[] {
  return tables.map(({ url, events, secret_file: file, allow_private: allowPrivate }, index) => {
    const read = urlOf(url);
    if (!read.ok) problems.push({ path: ['notify', index, 'url'], message: read.problem });
    return {
      url: read.ok ? read.url : NO_URL,
      events: events.includes('*') ? null : [...new Set(events)],
      secretFile: file === undefined ? null : resolve(dir, file),
      allowPrivate,
    };
  });
}

/** Finds URLs that are used twice, and addresses that are private. */
export function targetProblems(targets: readonly NotifyTarget[]): Problem[] {
  return targets.flatMap(({ url, allowPrivate }, index): Problem[] => {
    const path = ['notify', index, 'url'];
    if (url === NO_URL) return [];
    if (targets.findIndex((other) => other.url === url) < index)
      return [{ path, message: 'another [[notify]] has the same url; name all events in one of them' }];
    const what = allowPrivate ? null : privateHost(url);
    if (what === null) return [];
    return [{ path, message: `${what}; if that is intended, set allow_private = true` }];
  });
}

/** Reads the secret files, which only a server needs. */
export function secretProblems(targets: readonly NotifyTarget[]): Problem[] {
  return targets.flatMap(({ secretFile }, index): Problem[] => {
    if (secretFile === null) return [];
    const read = readSecretFile(secretFile);
    const keys = read.ok ? signingKeys(read.text) : read.problem;
    return typeof keys === 'string'
      ? [{ path: ['notify', index, 'secret_file'], message: `${secretFile}: ${keys}` }]
      : [];
  });
}

type ReadUrl = { readonly ok: true; readonly url: string } | { readonly ok: false; readonly problem: string };

function urlOf(text: string): ReadUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    return { ok: false, problem: 'expected a URL like "https://hooks.example.com/tenement"' };
  if (url.username !== '' || url.password !== '')
    return { ok: false, problem: 'a user name or password in a URL is not sent; take it out' };
  url.hash = '';
  return { ok: true, url: url.href };
}

/** Says what makes the host of a URL private; null: that is known only when the name is looked up. */
function privateHost(url: string): string | null {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const name = host.replace(/\.$/, '');
  if (isLoopback(name) || name.endsWith('.localhost')) return `${host} is this machine`;
  const kind = isIP(host) === 0 ? null : privateKind(host);
  return kind === null ? null : `${host} is ${kind}`;
}
