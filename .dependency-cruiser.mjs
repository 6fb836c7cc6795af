/** The layers of ARCHITECTURE.md, enforced. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  comment: `${from} imports only ${allowed.join(', ')}`,
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: allowed.map((path) => `^src/${path}`) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/' }, to: {} },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { dependencyTypes: ['core', 'npm'], pathNot: '^(node:)?path$' },
    },
    only('core', 'core', ['core/', 'errors.ts']),
    only('config', 'config', ['config/', 'core/', 'errors.ts', 'faults.ts', 'input-schemas.ts', 'logger.ts', 'node/']),
    only('process', 'process', ['process/', 'core/', 'errors.ts', 'faults.ts', 'logger.ts', 'node/']),
    only('registry', 'registry', ['registry/', 'core/', 'errors.ts', 'node/', 'faults.ts', 'logger.ts']),
    only('supervisor', 'supervisor', ['supervisor/', 'core/', 'errors.ts', 'faults.ts', 'logger.ts', 'node/']),
    only('front', 'front', ['front/', 'core/', 'errors.ts']),
    only('proxy', 'proxy', ['proxy/', 'core/', 'connection-cap.ts', 'errors.ts', 'faults.ts', 'logger.ts']),
    only('workers', 'workers', ['workers/', 'proxy/', 'core/', 'errors.ts', 'faults.ts', 'logger.ts']),
    only('api', 'api', [
      'api/',
      'core/',
      'connection-cap.ts',
      'errors.ts',
      'faults.ts',
      'input-schemas.ts',
      'logger.ts',
    ]),
    {
      ...only('cli', 'cli', [
        'cli/',
        'api/client.ts',
        'core/',
        'config/',
        'front/',
        'errors.ts',
        'faults.ts',
        'logger.ts',
      ]),
      from: {
        path: '^src/cli/',
        pathNot: '^src/cli/((commands|output)/)?(serve|check|welcome|offline-logs|run-prepared)\\.ts',
      },
    },
    { name: 'src-not-to-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|scripts)/' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
