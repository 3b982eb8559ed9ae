// Which of the words that were typed are words, and which belong to options: asked before the
// options are read, because the command decides what its options are, and because what follows
// `add` is another program's command line.

import type { CommandOption } from "./command.ts";

export type Options = Readonly<Record<string, CommandOption>>;

export interface Typed {
  /** Options and their values, as they were typed. */
  readonly options: readonly string[];
  readonly words: readonly string[];
  /** Where the first word stands; -1: there is none before a `--`. */
  readonly first: number;
}

/** Options that nobody knows count as switches; `verbatim`: nothing after the first word is one. */
export function splitWords(argv: readonly string[], known: Options, verbatim = false): Typed {
  const options: string[] = [];
  const words: string[] = [];
  let first = -1;
  let at = 0;
  while (at < argv.length) {
    const typed = argv[at] ?? "";
    if (typed === "--") return { options, words: [...words, ...argv.slice(at + 1)], first };
    if (isOption(typed)) {
      options.push(typed);
      at += 1;
      const value = valueAt(argv, at, takesNext(typed, known));
      if (value.length > 0) options.push(value.join(","));
      at += value.length;
      continue;
    }
    if (first < 0) first = at;
    if (verbatim) return { options, words: argv.slice(at), first };
    words.push(typed);
    at += 1;
  }
  return { options, words, first };
}

/** A lone dash is a word, and so is a negative number. */
function isOption(typed: string): boolean {
  return /^-[^\d]/.test(typed);
}

/** One word, or all the ids that stand there. */
function valueAt(
  argv: readonly string[],
  at: number,
  taker: CommandOption | null,
): readonly string[] {
  if (taker === null || at >= argv.length) return [];
  let end = at + 1;
  if (taker.ids && isIds(argv[at])) while (isIds(argv[end])) end += 1;
  return argv.slice(at, end);
}

function isIds(typed: string | undefined): boolean {
  return typed !== undefined && /^\d+(,\d+)*$/.test(typed);
}

/** The option whose value is the next word; of `-abc` the first that takes one ends the letters. */
function takesNext(typed: string, known: Options): CommandOption | null {
  if (typed.startsWith("--")) {
    const name = typed.slice(2);
    const option = Object.hasOwn(known, name) ? known[name] : undefined;
    return option?.value === undefined ? null : option;
  }
  const letters = [...typed.slice(1)];
  for (const [at, letter] of letters.entries()) {
    const option = Object.values(known).find(({ alias }) => alias === letter);
    if (option?.value !== undefined) return at === letters.length - 1 ? option : null;
  }
  return null;
}
