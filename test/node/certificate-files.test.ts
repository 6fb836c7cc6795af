import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCertificate } from '../../src/node/certificate-files.ts';

let dir: string;
const at = (name: string) => join(dir, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe', cwd: dir });

/** Makes a certificate with its key; with an issuer, that signs it. */
function make(name: string, subject: string, extension: string, issuer?: string): void {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const signer = issuer === undefined ? [] : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`];
  const to = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '30', '-subj', subject, '-addext', extension];
  openssl('req', '-x509', ...curve, ...signer, ...to);
  chmodSync(at(`${name}.key`), 0o600);
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tnm-pem-'));
  make('root', '/CN=Test Root', 'basicConstraints=critical,CA:TRUE');
  make('middle', '/CN=Test Middle', 'basicConstraints=critical,CA:TRUE', 'root');
  make('leaf', '/CN=leaf', 'subjectAltName=DNS:*.Example.com,DNS:example.com,IP:192.0.2.1', 'middle');
  make('bare', '/CN=example.org', 'basicConstraints=critical,CA:FALSE');
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const read = (cert: string, key: string) => readCertificate({ cert: at(cert), key: at(key) }, 7);
const text = (...names: string[]) => names.map((name) => readFileSync(at(name), 'utf8')).join('');

it('reads a certificate with its intermediates, and says what it is', () => {
  writeFileSync(at('chain.pem'), text('leaf.pem', 'middle.pem'));
  const result = read('chain.pem', 'leaf.key');
  expect(result).toMatchObject({
    ok: true,
    certificate: { names: ['*.example.com', 'example.com'], rank: 7, chain: text('leaf.pem', 'middle.pem') },
    facts: { issuer: 'Test Middle', isSelfSigned: false, flaws: [] },
  });
});

it('gives another certificate another id, and the same one the same', () => {
  const id = (cert: string, key: string) => {
    const result = read(cert, key);
    return result.ok ? result.certificate.id : null;
  };
  expect(id('leaf.pem', 'leaf.key')).toBe(id('leaf.pem', 'leaf.key'));
  expect(id('leaf.pem', 'leaf.key')).not.toBe(id('bare.pem', 'bare.key'));
});

it('reads a self-signed certificate without names', () => {
  expect(read('bare.pem', 'bare.key')).toMatchObject({
    ok: true,
    certificate: { names: [] },
    facts: { isSelfSigned: true, issuer: 'example.org' },
  });
});

it('says that other users may read the key', () => {
  writeFileSync(at('open.key'), text('leaf.key'), { mode: 0o644 });
  writeFileSync(at('chain.pem'), text('leaf.pem', 'middle.pem'));
  const result = read('chain.pem', 'open.key');
  expect(result.ok && result.facts.flaws).toEqual([
    `other users may read the private key ${at('open.key')}; run: chmod 600 ${at('open.key')}`,
  ]);
});

it('says that the intermediates are missing, but not of a certificate that needs none', () => {
  const flawsOf = (cert: string, key: string) => {
    const result = read(cert, key);
    return result.ok ? result.facts.flaws : null;
  };
  expect(flawsOf('leaf.pem', 'leaf.key')).toEqual([
    'there is no intermediate certificate behind it, and clients that do not know Test Middle refuse it: use the file with the whole chain (fullchain.pem)',
  ]);
  expect(flawsOf('bare.pem', 'bare.key')).toEqual([]);
});

it('reads certificate, chain and key from one file, in any order', () => {
  for (const names of [
    ['leaf.pem', 'middle.pem', 'leaf.key'],
    ['leaf.key', 'leaf.pem', 'middle.pem'],
  ]) {
    writeFileSync(at('all.pem'), text(...names), { mode: 0o600 });
    expect(read('all.pem', 'all.pem')).toMatchObject({
      ok: true,
      certificate: { chain: text('leaf.pem', 'middle.pem') },
      facts: { flaws: [] },
    });
  }
});

it('says that the intermediates are out of order', () => {
  writeFileSync(at('mixed.pem'), text('leaf.pem', 'root.pem', 'middle.pem'));
  const result = read('mixed.pem', 'leaf.key');
  expect(result.ok && result.facts.flaws).toEqual([expect.stringContaining('out of order')]);
});

const CASES: readonly (readonly [
  what: string,
  prepare: () => [cert: string, key: string],
  of: string,
  says: RegExp,
])[] = [
  ['a missing certificate', () => ['none.pem', 'leaf.key'], 'cert', /^there is no such file$/],
  ['a missing key', () => ['leaf.pem', 'none.key'], 'key', /^there is no such file$/],
  [
    'a key of another certificate',
    () => ['leaf.pem', 'root.key'],
    'key',
    /^it is the key of another certificate than /,
  ],
  [
    'a chain that begins with the issuer',
    () => {
      writeFileSync(at('turned.pem'), text('middle.pem', 'leaf.pem'));
      return ['turned.pem', 'leaf.key'];
    },
    'cert',
    /^its certificate number 2 is the one of the key; put that first/,
  ],
  ['files that are exchanged', () => ['leaf.key', 'leaf.pem'], 'cert', /are cert and key exchanged\?$/],
  ['a certificate for a key', () => ['leaf.pem', 'leaf.pem'], 'key', /are cert and key exchanged\?$/],
  [
    'an encrypted key',
    () => {
      openssl('pkey', '-in', 'leaf.key', '-aes256', '-passout', 'pass:x', '-out', 'locked.key');
      return ['leaf.pem', 'locked.key'];
    },
    'key',
    /^it is encrypted, .* openssl pkey -in .*locked\.key -out NEW\.key$/,
  ],
  [
    'a certificate in DER',
    () => {
      openssl('x509', '-in', 'leaf.pem', '-outform', 'der', '-out', 'leaf.der');
      return ['leaf.der', 'leaf.key'];
    },
    'cert',
    /^it is not PEM; run: openssl x509 -inform der -in /,
  ],
  [
    'a certificate that is cut off',
    () => {
      writeFileSync(at('cut.pem'), text('leaf.pem').slice(0, 300));
      return ['cut.pem', 'leaf.key'];
    },
    'cert',
    /^it is cut off/,
  ],
  [
    'a certificate with a wrong byte',
    () => {
      writeFileSync(at('wrong.pem'), text('leaf.pem').replace(/M/, '!'));
      return ['wrong.pem', 'leaf.key'];
    },
    'cert',
    /^its certificate number 1 cannot be read$/,
  ],
  [
    'PKCS #12',
    () => {
      openssl('pkcs12', '-export', '-in', 'leaf.pem', '-inkey', 'leaf.key', '-passout', 'pass:', '-out', 'all.p12');
      return ['all.p12', 'leaf.key'];
    },
    'cert',
    /^it is not PEM; if it is PKCS #12 \(\.p12, \.pfx\), run: openssl pkcs12 /,
  ],
  [
    'a signing request',
    () => {
      openssl('req', '-new', '-key', 'leaf.key', '-subj', '/CN=x', '-out', 'asked.pem');
      return ['asked.pem', 'leaf.key'];
    },
    'cert',
    /^it has a signing request, which a certificate authority turns into a certificate$/,
  ],
  [
    'an empty file',
    () => {
      writeFileSync(at('empty.pem'), '');
      return ['empty.pem', 'leaf.key'];
    },
    'cert',
    /^it has no certificate \(PEM\)$/,
  ],
  [
    'a directory',
    () => {
      mkdirSync(at('directory'), { recursive: true });
      return ['directory', 'leaf.key'];
    },
    'cert',
    /^it is not a regular file$/,
  ],
  [
    'a key that is too short',
    () => {
      openssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:512',
        '-nodes',
        '-keyout',
        'short.key',
        '-out',
        'short.pem',
        '-subj',
        '/CN=x',
      );
      return ['short.pem', 'short.key'];
    },
    'cert',
    /^OpenSSL refuses it: /,
  ],
];

it.each(CASES)('refuses %s, and says what to do', (_what, prepare, of, says) => {
  expect(read(...prepare())).toMatchObject({ ok: false, of, problem: expect.stringMatching(says) });
});

it('does not wait for a named pipe', () => {
  execFileSync('mkfifo', [at('pipe.pem')]);
  expect(read('pipe.pem', 'leaf.key')).toMatchObject({ ok: false, of: 'cert' });
});
