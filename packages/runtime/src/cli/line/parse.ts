// From words to a command. Which command is meant is decided first, because one letter is another
// option in another command. Then yargs' parser reads its options; yargs itself, which takes longer
// to load than most commands to run, is asked only what is wrong with a line. Its own commands are
// not used: they turn a lone "-" into nothing and ignore what follows "--"; nor is its list of
// unknown options, which some names break, such as --constructor.

import { quoted } from "../terminal/text.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./errors.ts";
import { globalOptions } from "./global-options.ts";
import { readOptions, type TypedOptions } from "./read-options.ts";
import { commandsBehind } from "./tables.ts";
import { type Options, splitWords } from "./words.ts";

export interface Parsed {
  /** null: only options were given. */
  readonly command: Command | null;
  /** A group that was named without one of its commands, such as `queue`. */
  readonly group: string | null;
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a line is read by. */
interface Grammar {
  readonly commands: readonly Command[];
  /**
   * Every option of these commands, without the letters that only one of them gives it: a name
   * means one kind of value everywhere.
   */
  readonly known: Options;
}

function grammarOf(commands: readonly Command[]): Grammar {
  const options = commands.flatMap((command) => Object.entries(command.options));
  const known = options.map(([name, { alias: _, ...option }]) => [name, option] as const);
  return { commands, known: { ...Object.fromEntries(known), ...globalOptions } };
}

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
  const [first = ""] = splitWords(argv, globalOptions).words;
  const behind = await commandsBehind(first);
  const parsed = behind && (await read(argv, grammarOf(behind)).catch(() => null));
  if (parsed?.command || parsed?.group) return parsed;
  // what is wrong with a line, or whether that word was a value, all commands know better
  return await parseByAll(argv);
}

async function parseByAll(argv: readonly string[]): Promise<Parsed> {
  const { commands } = await import("../commands.ts");
  try {
    return await read(argv, grammarOf(commands));
  } catch (error) {
    if (!(error instanceof UnknownWord)) throw error;
    // Imported here because only mistakes should pay for it.
    const { closestWord } = await import("@queue-runtime/job/text");
    const begun = error.choices.filter((each) => each.startsWith(error.word));
    const [only, other] = [...new Set(begun)];
    const near =
      only !== undefined && other === undefined ? only : closestWord(error.word, error.choices);
    const list = `the choices are ${error.choices.join(", ")}`;
    const hint = near === null ? list : `did you mean ${quoted(near)}?`;
    throw new UsageError(`${error.message}; ${hint}`);
  }
}

async function read(argv: readonly string[], grammar: Grammar): Promise<Parsed> {
  const { known } = grammar;
  const found = findCommands(splitWords(argv, known).words, grammar);
  const own = { ...known, ...withLetters(found.commands) };
  const { line, words: rest } = withoutVerbatim(argv, own, { ...grammar, found });
  refuseValues(line, own);
  const { _: typed, ...options } = await readLine(line, own, {
    ...grammar,
    command: found.commands[0] ?? null,
  });
  const all = [...typed.map(String), ...rest];
  const asksForHelp = options.help === true;
  if (found.commands.length === 0) return groupOf(all, options, grammar);
  const words = all.slice(found.length);
  const command = whichOf(found.commands, words, options);
  if (!asksForHelp) {
    checkOptions(command, options, known);
    countWords(command, words);
  }
  return { command, group: null, words, options };
}

type Values = Readonly<Record<string, unknown>>;

/** Nothing but options, or the name of a group: `runtime` alone shows how things stand. */
function groupOf(words: readonly string[], options: Values, { commands, known }: Grammar): Parsed {
  const [first] = words;
  const group = commands.some(({ name }) => name.startsWith(`${first} `)) ? first : undefined;
  const isGroup = group !== undefined && (words.length === 1 || options.help === true);
  if (!isGroup && first !== undefined) throw unknownCommand(words, group, commands);
  const asksOnly = group !== undefined || options.help === true || options.version === true;
  const command = asksOnly ? null : (commands.find(({ name }) => name === "status") ?? null);
  if (command !== null) checkOptions(command, options, known);
  return { command, group: group ?? null, words, options };
}

/** Of two commands with one name, one may have a letter for an option of both. */
function withLetters(found: readonly Command[]): Options {
  const all = found.flatMap(({ options }) => Object.entries(options));
  const lettered = all.filter(([, { alias }]) => alias !== undefined);
  return Object.fromEntries([...all, ...lettered]);
}

/** What is read here, and the words of another program's command line. */
function withoutVerbatim(
  argv: readonly string[],
  own: Options,
  { found, known }: { readonly found: Found; readonly known: Options },
) {
  if (!found.commands.some(({ verbatim }) => verbatim)) return { line: argv, words: [] };
  const behind = splitWords(argv, known).first + 1;
  const { options, words } = splitWords(argv.slice(behind), own, true);
  return { line: [...argv.slice(0, behind), ...options], words };
}

function whichOf(found: readonly Command[], words: readonly string[], options: Values): Command {
  const meant = found.find(({ isMeant }) => isMeant?.(words, options) ?? false);
  return (meant ?? found.find(({ isMeant }) => isMeant === undefined) ?? found[0]) as Command;
}

/** yargs takes `--json=yes` for false, without a word. */
function refuseValues(argv: readonly string[], own: Options): void {
  for (const typed of argv) {
    if (typed === "--") return;
    const name = /^--([^=]+)=/s.exec(typed)?.[1];
    if (name === undefined || !Object.hasOwn(own, name)) continue;
    if (own[name]?.value === undefined) {
      throw new UsageError(`--${name} is a switch and takes no value; write it, or leave it out`);
    }
  }
}

/** @throws UsageError, UnknownWord */
async function readLine(
  argv: readonly string[],
  own: Options,
  { command, known }: { readonly command: Command | null; readonly known: Options },
): Promise<TypedOptions> {
  const { values, unknown, isWrong } = readOptions(argv, own);
  if (isWrong) {
    const { complaintAbout } = await import("./complaint.ts");
    throw explain(complaintAbout(argv, own), own);
  }
  if (unknown !== undefined) throw unknownOption(unknown, command, known);
  return values;
}

interface Found {
  readonly commands: readonly Command[];
  /** How many words its name has. */
  readonly length: number;
}

/** More than one where two commands have the same name. */
function findCommands(words: readonly string[], { commands }: Grammar): Found {
  const [first = "", second = ""] = words;
  const named = (typed: string) =>
    commands.filter(({ name, aliases }) => name === typed || aliases?.includes(typed));
  const long = words.length > 1 ? named(`${first} ${second}`) : [];
  if (long.length > 0) return { commands: long, length: 2 };
  const short = named(first);
  const isGroup = commands.some(({ name }) => name.startsWith(`${first} `));
  return { commands: isGroup && words.length > 1 ? [] : short, length: 1 };
}

function unknownCommand(
  words: readonly string[],
  group: string | undefined,
  commands: readonly Command[],
): UnknownWord {
  const [first = "", second = ""] = words;
  if (group !== undefined) {
    const choices = commands.flatMap(({ name }) => name.split(`${group} `).slice(1));
    return new UnknownWord(`${group} has no command ${quoted(second)}`, second, choices);
  }
  const names = [...new Set(commands.map(({ name }) => name.split(" ")[0] ?? name))];
  return new UnknownWord(`there is no command ${quoted(first)}`, first, names);
}

function checkOptions(command: Command, options: Values, known: Options): void {
  const own = { ...globalOptions, ...command.options };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(own, name)) throw unknownOption(name, command, known);
    if (Array.isArray(value) && !own[name]?.repeats) {
      throw new UsageError(`--${name} is given more than once; give it once`);
    }
  }
}

function unknownOption(name: string, command: Command | null, known: Options): UnknownWord {
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

/** yargs' complaint in our words. */
function explain(message: string, own: Options): UsageError {
  const missing = /^Not enough arguments following: (\S+)/.exec(message)?.[1];
  if (missing === undefined) return new UsageError(message);
  const [name, option] = Object.entries(own).find(
    ([each, { alias }]) => each === missing || alias === missing,
  ) ?? [missing];
  return new UsageError(`--${name} needs a value: --${name} ${option?.value ?? "VALUE"}`);
}
