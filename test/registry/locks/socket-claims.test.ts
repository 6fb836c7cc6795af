import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { takeLock } from '../../../src/registry/locks/exclusive-lock.ts';
import { SocketClaims } from '../../../src/registry/locks/socket-claims.ts';

const UID = 7;

function socketDir() {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const claimant = (name: string, left: number[] = []) => {
    const stateDir = join(dir, name);
    mkdirSync(stateDir, { recursive: true });
    const prepare = (shared: string) => void mkdirSync(join(shared, `.tenement-${UID}`), { recursive: true });
    const options = { config: `/${name}.toml`, dataDir: `/${name}`, stateDir, uid: UID, prepare };
    const claims = new SocketClaims({ ...options, tenantsIn: async () => left });
    onTestFinished(() => claims.release());
    return claims;
  };
  return { shares: [{ dir, part: null }], lock: join(dir, `.tenement-${UID}/.owner.lock`), claimant };
}

it('the owner of a directory gets it while another server only checks it', async () => {
  const { shares, lock, claimant } = socketDir();
  const before = claimant('first');
  await before.take(shares);
  before.release({ keepTenants: true });
  const looking = takeLock(lock);
  const taking = claimant('first').take(shares);
  looking?.release();
  await expect(taking).resolves.toBeUndefined();
});

it("a server that is refused at the same moment learns the owner's name", async () => {
  const { shares, claimant } = socketDir();
  const first = claimant('first');
  const second = claimant('second');
  const results = await Promise.allSettled([first.take(shares), second.take(shares)]);
  expect(results).toEqual([
    { status: 'fulfilled', value: undefined },
    { status: 'rejected', reason: expect.objectContaining({ message: expect.stringContaining('config /first.toml') }) },
  ]);
});

it('the server that left tenants in a directory gets it while another server finds them', async () => {
  const { shares, claimant } = socketDir();
  const before = claimant('first');
  await before.take(shares);
  before.release({ keepTenants: true });
  const [stranger, owner] = await Promise.allSettled([
    claimant('second', [42]).take(shares),
    claimant('first').take(shares),
  ]);
  expect(stranger).toMatchObject({ status: 'rejected', reason: { code: 'sockets_taken' } });
  expect(owner.status).toBe('fulfilled');
});
