/** The few macros of man(7) that the manual pages need. Text is the Markdown of descriptions: words and `code`. */

export interface PageHeading {
  readonly name: string;
  readonly section: 1 | 5;
  /** One line for whatis(1). */
  readonly summary: string;
  readonly version: string;
}

export function heading({ name, section, summary, version }: PageHeading): string {
  return [
    `.TH ${quoted(name.toUpperCase())} ${section} "" ${quoted(`tenement ${version}`)} "tenement"`,
    // Words are not divided: a divided option or path cannot be searched for.
    '.nh',
    '.ad l',
    '.SH NAME',
    `${escaped(name)} \\- ${inline(summary)}`,
  ].join('\n');
}

export function sectionHeading(title: string): string {
  return `.SH ${quoted(title)}`;
}

export function subheading(title: string): string {
  return `.SS ${quoted(title)}`;
}

export function paragraph(text: string): string {
  return `.PP\n${inline(text)}`;
}

/** A term in bold with its meaning indented below. */
export function definition(term: string, meaning: string): string {
  return `.TP\n\\fB${escaped(term)}\\fR\n${inline(meaning)}`;
}

/** Lines that are shown as they are. */
export function example(text: string): string {
  return `.PP\n.RS 4\n.nf\n${text.split('\n').map(lineStart).join('\n')}\n.fi\n.RE`;
}

/** Markdown within a paragraph: code becomes bold, a link its text. */
export function inline(text: string): string {
  const spans = text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').split('`');
  return atLineStart(
    spans.map((span, index) => (index % 2 === 1 ? `\\fB${escaped(span)}\\fR` : escaped(span))).join(''),
  );
}

function lineStart(line: string): string {
  return atLineStart(escaped(line));
}

/** A line that begins with a dot or an apostrophe would be a request. */
function atLineStart(text: string): string {
  return /^[.']/.test(text) ? `\\&${text}` : text;
}

/** An unescaped `-` may be printed as a hyphen, which a shell does not take for an option when it is copied. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('…', '...');
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`;
}
