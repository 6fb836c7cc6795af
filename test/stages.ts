/** Assigns tests to stages, the projects of Vitest. test/stages.test.ts and test/no-processes.ts enforce it. */

/**
 * Only continuous integration runs them: chaos, injected faults, hostile tenants, floods, and what holds at every level of
 * isolation, with several proxy workers and on restricted hosts. The plain cases of the same tests are in test/e2e. So that
 * `npm test` ends within four minutes, whole walks through one capability are among them, too.
 */
export const LONG = [
  'test/e2e/long/*.test.ts',
  'test/e2e/{archives,identity,verify}.test.ts',
  'test/e2e/long/hooks/*.test.ts',
  'test/acme/{dns-hook,outages,renewal}.test.ts',
  'test/hostile/*.test.ts',
  'test/backup/repository.test.ts',
  'test/proxy/over-tls.test.ts',
  'test/dashboard/browser/*.test.ts',
  'test/proxy/client/http2/h2spec.test.ts',
  'test/pages/*.test.ts',
];

/** These tests start processes. Every other test is a unit test. */
export const STARTING_PROCESSES = [
  'test/e2e/**/*.test.ts',
  'test/acme/acme-service.test.ts',
  'test/archive/make.test.ts',
  'test/{faults,host-program,hypervisor,runtime}.test.ts',
  'test/node/hold-event-loop.test.ts',
  'test/cli/{bin,main,restricted-host,system-programs}.test.ts',
  'test/cli/commands/{check,init,install,ui}.test.ts',
  'test/cli/completion/shells.test.ts',
  'test/local/{captured-command,young-heap}.test.ts',
  'test/process/child/{adopt,ends-together,freezer,probe,readiness,terminate,usage}.test.ts',
  'test/process/hooks/hook-runner.test.ts',
  'test/process/isolation/{dynamic-user,filesystem-view}.test.ts',
  'test/process/isolation/host/{sandbox,users}.test.ts',
  'test/process/isolation/runsc/ask-container.test.ts',
  'test/process/launch/{descriptors,fifos,launcher,npm,spare-shells,wrapper}.test.ts',
  'test/process/output/last-output.test.ts',
  'test/process/proc/{proc,process-snapshot,reserve}.test.ts',
  'test/process/sockets/{bind-dir,port,backlog/held-listener}.test.ts',
  'test/process/storage/{files,new-directory,ownership,purge,storage-meter,trash}.test.ts',
  'test/process/systemd/notify.test.ts',
  'test/proxy/client/http2/{abuse,bodies,connections,exchanges,smuggling}.test.ts',
  'test/proxy/exchange/body-memory.test.ts',
  'test/config/tls-page.test.ts',
  'test/node/certificate-files.test.ts',
  'test/proxy/tls-listener.test.ts',
  'test/registry/registry.test.ts',
  'test/tls/own-certificates.test.ts',
  'test/scripts/command.test.ts',
];

/** Unit tests that mock modules, or load them in another state. The others share loaded modules, which halves their time. */
export const WITH_MODULES_OF_THEIR_OWN = [
  'test/process/child/{dir-watch,terminate-dying}.test.ts',
  'test/process/sockets/connect-stamp.test.ts',
  'test/proxy/exchange/transfer-budget.test.ts',
  'test/proxy/over-sockets.test.ts',
  'test/proxy/read-by-node/*.test.ts',
];
