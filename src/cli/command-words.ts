/** What the words of a command line are, before commander reads them. Pure. */

/** Global options with a value, which is not the command's name. */
const WITH_VALUE = new Set(['-c', '--config', '--api', '--token']);

/** Lists the words that are neither options nor values of global ones, up to `--`. */
export function operands(argv: readonly string[]): string[] {
  return placesOfOperands(argv).map((index) => argv[index] ?? '');
}

/**
 * Inserts `--` before the command of `exec`, so that the words after the command's name belong to it, including
 * options.
 */
export function wordsOf(argv: readonly string[]): readonly string[] {
  const [name, , command] = placesOfOperands(argv);
  if (name === undefined || argv[name] !== 'exec' || command === undefined) return argv;
  return [...argv.slice(0, command), '--', ...argv.slice(command)];
}

/** Whether the command, rather than a program that it runs, was given an option. */
export function isGiven(argv: readonly string[], ...options: readonly string[]): boolean {
  const words = wordsOf(argv);
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? undefined : end).some((word) => options.includes(word));
}

function placesOfOperands(argv: readonly string[]): number[] {
  const places: number[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') break;
    if (WITH_VALUE.has(word) || word === '--id') index += 1;
    else if (!word.startsWith('-')) places.push(index);
  }
  return places;
}
