/** tenement.toml(5), from the schema. */
import { type ReferenceKey, referenceSections } from '../../src/config/reference.ts';
import { definition, example, heading, paragraph, sectionHeading } from './roff.ts';

const DESCRIPTION =
  'The config is a TOML file. Unknown keys, wrong types and impossible values are errors, which `tenement check` prints with ' +
  'file, line and key. Durations are whole seconds or strings: `300`, `"5m"`, `"250ms"`. A running server applies an edited ' +
  'file at once; what needs a restart is logged.';

const EXAMPLE = `[service.api]
command = "python3 app.py"
workdir = "/srv/api"
idle_timeout = "5m"
memory_limit_mb = 256

[instances]
api = ["acme"]`;

export function configPage(version: string): string {
  return `${[
    heading({ name: 'tenement.toml', section: 5, summary: 'configuration of tenement', version }),
    sectionHeading('DESCRIPTION'),
    paragraph(DESCRIPTION),
    ...referenceSections().flatMap(({ title, meaning, keys }) => [
      sectionHeading(title),
      ...(meaning === '' ? [] : [paragraph(meaning)]),
      ...keys.map(keyEntry),
    ]),
    sectionHeading('EXAMPLES'),
    example(EXAMPLE),
    sectionHeading('SEE ALSO'),
    '\\fBtenement\\fR(1)',
  ].join('\n')}\n`;
}

function keyEntry({ name, type, default: value, meaning }: ReferenceKey): string {
  const facts = value === '' ? type : `${type}; default ${value}`;
  return definition(name, `(${facts}) ${meaning}`);
}
