// The options of a line, read by yargs' parser: a tenth of what yargs itself takes to load, which
// is most of its messages and its help. The one for browsers, which is the same but for files of
// options and variables, and loads nothing of Node.

import parser from "yargs-parser/browser";
import type { CommandOption } from "./command.ts";
import type { Options } from "./words.ts";

/** Options by their names, and under `_` what is none. */
export interface TypedOptions {
  readonly [name: string]: unknown;
  readonly _: readonly unknown[];
}

/** Texts stay texts: an id, a name or a JSON document is read by the command that wants it. */
export const configuration = {
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "dot-notation": false,
  "camel-case-expansion": false,
  "boolean-negation": false,
  "greedy-arrays": false,
  "strip-aliased": true,
} as const;

export interface ReadOptions {
  readonly values: TypedOptions;
  /** The first that is no option. */
  readonly unknown: string | undefined;
  /** Something else is wrong, such as a value that is missing. */
  readonly isWrong: boolean;
}

export function readOptions(argv: readonly string[], own: Options): ReadOptions {
  const { argv: values, error } = parser.detailed([...argv], shapeOf(own));
  const unknown = Object.keys(values).find((name) => name !== "_" && !Object.hasOwn(own, name));
  return { values, unknown, isWrong: error !== null };
}

function shapeOf(own: Options) {
  const all = Object.entries(own);
  const named = (is: (option: CommandOption) => boolean): string[] =>
    all.filter(([, option]) => is(option)).map(([name]) => name);
  const valued = named(({ value }) => value !== undefined);
  return {
    configuration,
    key: Object.fromEntries(all.map(([name]) => [name, true])),
    boolean: named(({ value }) => value === undefined),
    string: valued,
    array: named(({ repeats }) => repeats === true),
    // not a number: at least one
    narg: Object.fromEntries(valued.map((name) => [name, Number.NaN])),
    alias: Object.fromEntries(all.flatMap(([name, { alias }]) => (alias ? [[name, alias]] : []))),
  };
}
