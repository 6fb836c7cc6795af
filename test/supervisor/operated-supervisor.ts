/** A supervisor whose verbs are those of an operator at the command line. */
import { CLI } from '../../src/core/access/actor.ts';
import type { SupervisorVerbs } from '../../src/core/verbs/verbs.ts';
import { Supervisor } from '../../src/supervisor/supervisor.ts';

export class OperatedSupervisor extends Supervisor implements SupervisorVerbs {
  spawn: SupervisorVerbs['spawn'] = (...asked) => this.by(CLI).spawn(...asked);
  start: SupervisorVerbs['start'] = (...asked) => this.by(CLI).start(...asked);
  stop: SupervisorVerbs['stop'] = (...asked) => this.by(CLI).stop(...asked);
  restart: SupervisorVerbs['restart'] = (...asked) => this.by(CLI).restart(...asked);
  sleep: SupervisorVerbs['sleep'] = (...asked) => this.by(CLI).sleep(...asked);
  set: SupervisorVerbs['set'] = (...asked) => this.by(CLI).set(...asked);
  remove: SupervisorVerbs['remove'] = (...asked) => this.by(CLI).remove(...asked);
  prepareCommand: SupervisorVerbs['prepareCommand'] = (...asked) => this.by(CLI).prepareCommand(...asked);
}
