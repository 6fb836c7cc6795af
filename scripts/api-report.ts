/**
 * Writes etc/tenement.api.md, the declarations of everything that the package exports; with `--check`, fails when they
 * differ from it, or when a type of a signature is not exported.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DECLARATIONS = join(ROOT, '.api');
/** Lists of values, of which the types are derived. */
const IS_LIST = /symbol "[A-Z_0-9]+" needs to be exported/;

rmSync(DECLARATIONS, { recursive: true, force: true });
mkdirSync(DECLARATIONS, { recursive: true });
mkdirSync(join(ROOT, 'etc'), { recursive: true });
const emit = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', DECLARATIONS];
execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...emit], {
  cwd: ROOT,
  stdio: 'inherit',
});

const config = ExtractorConfig.prepare({
  configObjectFullPath: undefined,
  packageJsonFullPath: join(ROOT, 'package.json'),
  configObject: {
    projectFolder: ROOT,
    mainEntryPointFilePath: join(DECLARATIONS, 'index.d.ts'),
    compiler: { tsconfigFilePath: join(ROOT, 'tsconfig.build.json') },
    apiReport: {
      enabled: true,
      reportFileName: 'tenement.api.md',
      reportFolder: join(ROOT, 'etc'),
      reportTempFolder: join(DECLARATIONS, 'report'),
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    newlineKind: 'lf',
  },
});

const problems: string[] = [];
const isCheck = process.argv.includes('--check');
const { apiReportChanged } = Extractor.invoke(config, {
  localBuild: !isCheck,
  messageCallback: (message) => {
    message.handled = true;
    if (message.messageId === 'ae-forgotten-export' && !IS_LIST.test(message.text)) problems.push(message.text);
    if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text);
  },
});
if (isCheck && apiReportChanged)
  problems.push('What the package exports has changed. If that is meant, run `npm run api:report`.');
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
