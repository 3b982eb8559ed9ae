// From words to a command. yargs splits options from words and refuses what nobody knows; which
// command is meant, and whether it takes these words and options, is decided here. yargs' own
// commands are not used: they turn a lone "-" into nothing and ignore what follows "--".

import yargs, { type Options } from "yargs";
import { commands, globalOptions } from "../commands.ts";
import { quoted } from "../terminal/text.ts";
import type { Command, CommandOption } from "./command.ts";
import { UsageError } from "./errors.ts";

export interface Parsed {
  /** null: only options were given. */
  readonly command: Command | null;
  /** A group that was named without one of its commands, such as `queue`. */
  readonly group: string | null;
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Every option of every command: one name means one kind of value everywhere. */
const known: Readonly<Record<string, CommandOption>> = Object.assign(
  {},
  globalOptions,
  ...commands.map(({ options }) => options),
);

/** A word that nobody knows, and those that were possible. */
class UnknownWord extends Error {
  readonly word: string;
  readonly choices: readonly string[];

  constructor(sentence: string, word: string, choices: readonly string[]) {
    super(sentence);
    this.word = word;
    this.choices = choices;
  }
}

/** @throws UsageError */
export async function parse(argv: readonly string[]): Promise<Parsed> {
  try {
    return read(argv);
  } catch (error) {
    if (!(error instanceof UnknownWord)) throw error;
    // Imported here because it brings the whole job package, which only mistakes should pay for.
    const { closestWord } = await import("@queue-runtime/job");
    const near = closestWord(error.word, error.choices);
    const list = `the choices are ${error.choices.join(", ")}`;
    const hint = near === null ? list : `did you mean ${quoted(near)}?`;
    throw new UsageError(`${error.message}; ${hint}`);
  }
}

function read(argv: readonly string[]): Parsed {
  refuseValues(argv);
  const { _: typed, $0: _programme, ...options } = split(argv);
  const all = typed.map(String);
  const asksForHelp = options.help === true;
  const command = findCommand(all);
  if (command === null) {
    const group = commands.some(({ name }) => name.startsWith(`${all[0]} `)) ? all[0] : undefined;
    const isGroup = group !== undefined && (all.length === 1 || asksForHelp);
    if (!isGroup && all.length > 0) throw unknownCommand(all, group);
    return { command, group: group ?? null, words: all, options };
  }
  const words = all.slice(command.name.split(" ").length);
  if (!asksForHelp) {
    checkOptions(command, options);
    countWords(command, words);
  }
  return { command, group: null, words, options };
}

/** yargs takes `--json=yes` for false, without a word. */
function refuseValues(argv: readonly string[]): void {
  for (const typed of argv) {
    if (typed === "--") return;
    const name = /^--([^=]+)=/s.exec(typed)?.[1];
    if (name === undefined || !Object.hasOwn(known, name)) continue;
    if (known[name]?.value === undefined) {
      throw new UsageError(`--${name} is a switch and takes no value; write it, or leave it out`);
    }
  }
}

function split(argv: readonly string[]): { readonly [key: string]: unknown; _: unknown[] } {
  return (
    yargs()
      // Messages of the system's language would not be understood by `explain`.
      .locale("en")
      .exitProcess(false)
      .help(false)
      .version(false)
      .parserConfiguration({
        // Texts stay texts: an id, a name or a JSON document is read by the command that wants it.
        "parse-numbers": false,
        "parse-positional-numbers": false,
        "dot-notation": false,
        "camel-case-expansion": false,
        "boolean-negation": false,
        "greedy-arrays": false,
        "strip-aliased": true,
      })
      .options(
        Object.fromEntries(Object.entries(known).map(([name, option]) => [name, asYargs(option)])),
      )
      .strictOptions()
      .fail((message, error) => {
        throw explain(message ?? error.message, argv);
      })
      .parseSync([...argv]) as { [key: string]: unknown; _: unknown[] }
  );
}

function asYargs({ value, repeats, alias }: CommandOption): Options {
  const shape: Options =
    value === undefined ? { boolean: true } : { string: true, requiresArg: true };
  if (repeats) shape.array = true;
  if (alias !== undefined) shape.alias = alias;
  return shape;
}

function findCommand(words: readonly string[]): Command | null {
  const [first = "", second = ""] = words;
  return commands.find(({ name }) => name === first || name === `${first} ${second}`) ?? null;
}

function unknownCommand(words: readonly string[], group: string | undefined): UnknownWord {
  const [first = "", second = ""] = words;
  if (group !== undefined) {
    const choices = commands.flatMap(({ name }) => name.split(`${group} `).slice(1));
    return new UnknownWord(`${group} has no command ${quoted(second)}`, second, choices);
  }
  const names = [...new Set(commands.map(({ name }) => name.split(" ")[0] ?? name))];
  return new UnknownWord(`there is no command ${quoted(first)}`, first, names);
}

function checkOptions(command: Command, options: Readonly<Record<string, unknown>>): void {
  const own = { ...globalOptions, ...command.options };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(own, name)) throw unknownOption(name, command);
    if (Array.isArray(value) && !own[name]?.repeats) {
      throw new UsageError(`--${name} is given more than once; give it once`);
    }
  }
}

function unknownOption(name: string, command: Command | null): UnknownWord {
  const choices = Object.keys({ ...globalOptions, ...(command?.options ?? known) });
  const whose = command === null ? "there is no option" : `${command.name} has no option`;
  const typed = `${name.length === 1 ? "-" : "--"}${name}`;
  return new UnknownWord(
    `${whose} ${quoted(typed)}`,
    typed,
    choices.map((each) => `--${each}`),
  );
}

function countWords({ name, parameters }: Command, words: readonly string[]): void {
  const wanted = parameters.split(" ").filter((each) => each !== "");
  const required = wanted.filter((each) => !each.startsWith("["));
  const most = parameters.includes("…") ? Number.POSITIVE_INFINITY : wanted.length;
  if (words.length < required.length) {
    const missing = required[words.length]?.replace("…", "");
    throw new UsageError(`${name} needs ${missing}; see \`runtime ${name} --help\``);
  }
  if (words.length <= most) return;
  const hint = name === "enqueue" ? "quote JSON that has spaces" : `it takes ${most || "none"}`;
  throw new UsageError(`${name} does not take the word ${quoted(words[most] ?? "")}; ${hint}`);
}

/** yargs' complaints in our words. */
function explain(message: string, argv: readonly string[]): UsageError | UnknownWord {
  const missing = /^Not enough arguments following: (\S+)/.exec(message)?.[1];
  if (missing !== undefined) {
    const [name, option] = Object.entries(known).find(
      ([each, { alias }]) => each === missing || alias === missing,
    ) ?? [missing];
    return new UsageError(`--${name} needs a value: --${name} ${option?.value ?? "VALUE"}`);
  }
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  const command = findCommand(argv.filter((each) => !each.startsWith("-")));
  return unknown === undefined ? new UsageError(message) : unknownOption(unknown, command);
}
