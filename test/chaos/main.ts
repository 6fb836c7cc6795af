/** `npm run chaos -- --minutes N --seed S`: injects all faults for a while, then checks every promise. */
import { parseArgs } from 'node:util';
import { type RunReport, runChaos } from './run.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    tenants: { type: 'string', default: '40' },
  },
});

const outcome = await runChaos({
  seconds: Number(values.minutes) * 60,
  seed: Number(values.seed),
  tenants: Number(values.tenants),
  customers: 2,
  pauseMs: 250,
  faultPauseMs: 400,
});
console.log(report(outcome));
for (const one of outcome.lostInstances) console.log(`did not survive a kill of the server: ${one}`);
if (outcome.broken.length > 0) {
  console.log(`\n${outcome.broken.length} broken promises; the first of them:`);
  for (const what of outcome.broken.slice(0, 20)) console.log(`  ${what}`);
  console.log(`what is left is in ${outcome.dir}`);
  process.exitCode = 1;
}

function report(run: RunReport): string {
  const { tally, found, survivors, descriptors, residentMb, left, restartMs } = run;
  const rows: [string, string | number][] = [
    ['tenants', run.tenants],
    ['requests', tally.requests],
    ['answered', tally.answered],
    ['  of these held for a wake', tally.held],
    ...[...tally.excused].map(([what, count]): [string, number] => [`not answered: ${what}`, count]),
    ['failed without excuse', tally.broken.length],
    ['WebSockets opened', tally.streams],
    ['  cut with their process or the server', tally.streamsCut],
    ['writes acknowledged', tally.writes],
    ['  of these found again', found.writes],
    ['  found twice', found.doubled],
    ['  found with another tenant', found.foreign],
    ['faults', [...run.faults].map(([fault, count]) => `${fault} ${count}`).join(', ')],
    ['server killed and started anew', run.serverKills],
    ['  ready again after, ms', `median ${restartMs[0]}, longest ${restartMs[1]}`],
    ['  tenant processes that survived it', `${survivors.after} of ${survivors.before}`],
    ['instances found twice', `0 of ${run.looks} looks`],
    ['orphans after the end', left.processes],
    ['zombies', left.zombies],
    ['sockets and FIFOs left', left.files],
    ['listening or connected sockets left', left.sockets],
    ['descriptors of a fresh, quiet server', descriptors.before],
    ['  of the last one after all this', descriptors.after],
    ['resident MB of a fresh, quiet server', residentMb.before],
    ['  of the last one after all this', residentMb.after],
  ];
  return rows.map(([name, value]) => `${name.padEnd(40)} ${value}`).join('\n');
}
