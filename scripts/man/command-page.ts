/** tenement(1), from the definitions of the commands. */
import type { Command, Help } from 'commander';
import { definition, example, heading, paragraph, sectionHeading, subheading } from './roff.ts';

const SUMMARY = 'run one process of a web application for each customer';

const DESCRIPTION =
  'tenement runs a separate copy of an unmodified application for each customer, a tenant: one process, with its own Unix ' +
  'socket, environment, data directory and limits. Idle copies are put to sleep and wake at their next request. An ' +
  'instance is one service for one tenant, written `api:acme`.';

const EXIT_STATUS: readonly (readonly [string, string])[] = [
  ['0', 'The command has done what it was told.'],
  ['1', 'The operation failed.'],
  ['2', 'The command line, the config or another input is wrong.'],
  ['3', 'The server cannot be reached.'],
];

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['TENEMENT_CONFIG', 'The config, if `--config` does not name it.'],
  ['TENEMENT_API', 'The URL of the HTTP API, if `--api` does not name it.'],
  ['TENEMENT_TOKEN', 'The token for the HTTP API, if `--token` does not give it.'],
];

const FILES: readonly (readonly [string, string])[] = [
  ['./tenement.toml', 'The config, if nothing else names it.'],
  ['/etc/tenement/tenement.toml', 'The config of the Debian package, if there is none in the current directory.'],
  ['{data_dir}/.tenement', "The server's own state: its registry, its keys, and the control socket."],
];

const EXAMPLES = `tenement check
systemctl enable --now tenement
tenement spawn api --id acme
curl http://acme.localhost:8080/
tenement ps`;

export function commandPage(program: Command, version: string): string {
  const help = program.createHelp();
  return `${[
    heading({ name: 'tenement', section: 1, summary: SUMMARY, version }),
    sectionHeading('SYNOPSIS'),
    '\\fBtenement\\fR [\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]',
    '.PP',
    '\\fBten\\fR is the same program.',
    sectionHeading('DESCRIPTION'),
    paragraph(DESCRIPTION),
    sectionHeading('OPTIONS'),
    ...optionsOf(program, help),
    sectionHeading('COMMANDS'),
    ...commandsOf(program, help, ''),
    sectionHeading('EXIT STATUS'),
    paragraph('`tenement exec` exits with the status of its command.'),
    ...EXIT_STATUS.map(([term, meaning]) => definition(term, meaning)),
    sectionHeading('ENVIRONMENT'),
    ...ENVIRONMENT.map(([term, meaning]) => definition(term, meaning)),
    sectionHeading('FILES'),
    ...FILES.map(([term, meaning]) => definition(term, meaning)),
    sectionHeading('EXAMPLES'),
    example(EXAMPLES),
    sectionHeading('SEE ALSO'),
    '\\fBtenement.toml\\fR(5), \\fBsystemctl\\fR(1)',
  ].join('\n')}\n`;
}

/** Describes all commands below one, each with its words: `tenant create`. */
function commandsOf(parent: Command, help: Help, words: string): string[] {
  return help
    .visibleCommands(parent)
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => {
      const name = `${words}${command.name()}`;
      const inner = commandsOf(command, help, `${name} `);
      // A group is described by what is in it.
      return inner.length > 0 ? inner : oneCommand(command, help, name);
    });
}

function oneCommand(command: Command, help: Help, name: string): string[] {
  const documented = help.visibleArguments(command).filter((argument) => argument.description !== '');
  return [
    subheading([name, command.usage()].filter((part) => part !== '').join(' ')),
    paragraph(command.description()),
    ...documented.map((argument) => definition(help.argumentTerm(argument), help.argumentDescription(argument))),
    ...optionsOf(command, help),
  ];
}

function optionsOf(command: Command, help: Help): string[] {
  return help
    .visibleOptions(command)
    .filter((option) => option.long !== '--help')
    .map((option) => definition(help.optionTerm(option), help.optionDescription(option)));
}
