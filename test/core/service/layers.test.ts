import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alsoAt,
  kindAt,
  type Layer,
  type LayerPaths,
  layersFor,
  OverlapError,
} from '../../../src/core/service/layers.ts';
import { isWithin, isWithinAny } from '../../../src/core/service/paths.ts';

const NOTHING: LayerPaths = {
  wholeHost: true,
  hidden: [],
  scratch: [],
  shown: [],
  writable: [],
  socketDirs: [],
  secretDirs: [],
  secretFiles: [],
  own: [],
  ownReadOnly: [],
  hidesSingleSockets: true,
  sockets: [],
};

const words = (places: Partial<LayerPaths>) =>
  layersFor({ ...NOTHING, ...places }).map(({ kind, at }) => `${kind} ${at}`);

describe('layers of the usual places', () => {
  it("show a tenant's cgroup among those of others", () => {
    const ownReadOnly = ['/sys/fs/cgroup/tenement/api.acme'];
    const places = { hidden: ['/sys/fs/cgroup'], secretDirs: ['/sys/fs/cgroup/tenement'], ownReadOnly };
    expect(words(places)).toEqual(['empty /sys/fs/cgroup', 'shown /sys/fs/cgroup/tenement/api.acme']);
  });

  it("hide a data directory in the workdir, except for the tenant's own", () => {
    const places = { hidden: ['/home'], shown: ['/home/me/app'], secretDirs: ['/home/me/app/data'] };
    expect(words({ ...places, own: ['/home/me/app/data/acme'] })).toEqual([
      'empty /home',
      'shown /home/me/app',
      'empty /home/me/app/data',
      'own /home/me/app/data/acme',
    ]);
  });

  it('show nothing within a secret directory, whatever names it', () => {
    expect(words({ secretDirs: ['/srv/data'], shown: ['/srv/data/other', '/srv/data'] })).toEqual(['empty /srv/data']);
  });

  it('show an application deeper than the sockets, and hide the sockets', () => {
    expect(words({ socketDirs: ['/srv'], shown: ['/srv/app'] })).toEqual(['empty /srv', 'shown /srv/app']);
  });

  it('hide a secret file only where it would be visible', () => {
    expect(words({ hidden: ['/home'], secretFiles: ['/home/me/t.toml', '/etc/t.toml'] })).toEqual([
      'empty /home',
      'blank /etc/t.toml',
    ]);
  });

  it('hide the directory of a socket, but only the socket beside what is shown', () => {
    const sockets = ['/var/lib/mysql/mysql.sock', '/srv/app/debug.sock', '/opt/s.sock'];
    expect(words({ sockets, shown: ['/srv/app'] })).toEqual([
      'blank /opt/s.sock',
      'blank /srv/app/debug.sock',
      'empty /var/lib/mysql',
    ]);
  });

  it('hide sockets with their directories where a socket alone cannot be hidden, and are refused where a tenant needs them', () => {
    const places = { hidesSingleSockets: false, shown: ['/srv/app'] };
    const sockets = ['/var/lib/mysql/mysql.sock', '/srv/else/x.sock'];
    expect(words({ ...places, sockets })).toEqual(['empty /srv/else', 'empty /var/lib/mysql']);
    for (const path of ['/srv/app/debug.sock', '/opt/s.sock'])
      expect(() => words({ ...places, sockets: [path] })).toThrow(`a sandbox with self_api could connect to ${path}`);
  });

  it('have writable memory where the sockets of all tenants lie, without masks in it', () => {
    const places = { hidden: ['/tmp'], scratch: ['/tmp'], socketDirs: ['/tmp'], secretDirs: ['/tmp/data'] };
    expect(words({ ...places, shown: ['/tmp/venv'], own: ['/tmp/data/acme'] })).toEqual([
      'scratch /tmp',
      'shown /tmp/venv',
      'own /tmp/data/acme',
    ]);
  });

  it('are refused where tenants could replace what is hidden', () => {
    expect(words({ writable: ['/home/up'], hidden: ['/home'] })).toEqual(['empty /home', 'writable /home/up']);
    expect(() => words({ writable: ['/srv'], secretDirs: ['/srv/data'] })).toThrow(/may not write in \/srv: .*data/);
    expect(() => words({ writable: ['/etc'], secretFiles: ['/etc/t.toml'] })).toThrow(OverlapError);
    expect(() => words({ writable: ['/run'], socketDirs: ['/run/tenement'] })).toThrow(OverlapError);
  });

  it("are refused where a hidden path lies in the tenant's own", () => {
    expect(() => words({ own: ['/data/run'], socketDirs: ['/data/run'] })).toThrow(OverlapError);
    expect(() => words({ own: ['/data/acme'], secretFiles: ['/data/acme/t.toml'] })).toThrow(
      /t\.toml.*one tenant's own/,
    );
  });
});

const part = fc.constantFrom('a', 'b', 'c');
const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join('/')}`);
const paths = fc.uniqueArray(path, { maxLength: 4 });
const anyPlaces: fc.Arbitrary<LayerPaths> = fc.record({
  wholeHost: fc.boolean(),
  hidden: paths,
  scratch: paths,
  shown: paths,
  writable: fc.uniqueArray(path, { maxLength: 1 }),
  socketDirs: paths,
  secretDirs: paths,
  secretFiles: paths,
  own: fc.uniqueArray(path, { minLength: 1, maxLength: 2 }),
  ownReadOnly: fc.constant([]),
  hidesSingleSockets: fc.constant(true),
  sockets: paths,
});

const OF_HOST: Layer['kind'][] = ['shown', 'writable', 'own'];

/** Returns null when the paths are refused. */
function layersOrNull(places: LayerPaths): Layer[] | null {
  try {
    return layersFor(places);
  } catch (error) {
    if (error instanceof OverlapError) return null;
    throw error;
  }
}

/** Applies layers as mounts: the last one above a path decides. */
function seenAfterMounting(at: string, layers: readonly Layer[], wholeHost: boolean): Layer['kind'] {
  return layers.findLast((layer) => isWithin(at, layer.at))?.kind ?? (wholeHost ? 'shown' : 'empty');
}

describe('layers of any overlapping places', () => {
  const whenMade = (check: (places: LayerPaths, layers: Layer[], probe: string) => void) =>
    fc.assert(
      fc.property(anyPlaces, path, (places, probe) => {
        const layers = layersOrNull(places);
        if (layers !== null) check(places, layers, probe);
      }),
      { numRuns: 1000 },
    );

  it("show nothing of tenement's or of other tenants'", () => {
    whenMade((places, layers, probe) => {
      if (isWithinAny(probe, places.own)) return;
      const isSecret = isWithinAny(probe, places.secretDirs) || places.secretFiles.includes(probe);
      if (isSecret) expect(OF_HOST).not.toContain(seenAfterMounting(probe, layers, places.wholeHost));
    });
  });

  it('show no socket of tenants, and no known socket of the host', () => {
    whenMade((places, layers, probe) => {
      const { own, sockets, socketDirs, wholeHost } = places;
      const shown = [...places.shown, ...places.writable];
      if (isWithinAny(probe, own)) return;
      const isTenants = socketDirs.includes(dirname(probe)) && !shown.some((one) => isWithin(one, probe));
      if (isTenants || sockets.includes(probe))
        expect(OF_HOST).not.toContain(seenAfterMounting(probe, layers, wholeHost));
    });
  });

  it("leave the tenant's own paths writable", () => {
    whenMade(({ own, wholeHost }, layers, probe) => {
      if (isWithinAny(probe, own)) expect(seenAfterMounting(probe, layers, wholeHost)).toBe('own');
      for (const dir of own) expect(kindAt(dir, layers, wholeHost)).toBe('own');
    });
  });

  it('show every shown path outside hidden ones', () => {
    whenMade(({ shown, writable, own, socketDirs, secretDirs, secretFiles, sockets, wholeHost }, layers, probe) => {
      const secrets = [...socketDirs, ...secretDirs, ...secretFiles, ...sockets.map(dirname), ...own];
      if (isWithinAny(probe, shown) && !isWithinAny(probe, secrets) && !secrets.some((one) => isWithin(one, probe)))
        expect(['shown', 'writable', 'empty', 'scratch']).toContain(seenAfterMounting(probe, layers, wholeHost));
      if (isWithinAny(probe, secrets)) return;
      if (writable.includes(probe)) expect(seenAfterMounting(probe, layers, wholeHost)).toBe('writable');
      else if (shown.includes(probe)) expect(seenAfterMounting(probe, layers, wholeHost)).toBe('shown');
    });
  });

  it('agree under another name of a path', () => {
    whenMade(({ wholeHost, own }, layers, probe) => {
      const [from = '/'] = own;
      const all = alsoAt('/n/a/m/e', dirname(from), layers, wholeHost);
      if (!OF_HOST.includes(kindAt(dirname(from), layers, wholeHost)) || !isWithin(probe, dirname(from))) return;
      const named = `/n/a/m/e${probe.slice(dirname(from) === '/' ? 0 : dirname(from).length)}`;
      expect(seenAfterMounting(named, all, wholeHost)).toBe(seenAfterMounting(probe, layers, wholeHost));
    });
  });
});
