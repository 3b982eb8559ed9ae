// What may follow what on a command line, for all shells.

import { shellCommands } from "../../commands/shell.ts";
import { steeringCommands } from "../../commands/steering.ts";
import { commands } from "../../commands.ts";
import type { Command } from "../../line/command.ts";
import { globalOptions } from "../../line/global-options.ts";

export const shells: readonly string[] = ["bash", "zsh", "fish"];

/** The first words, other names included. */
export const firstWords: readonly string[] = [
  ...new Set(commands.flatMap(({ name, aliases = [] }) => [first(name), ...aliases])),
];

const aboutCommands: readonly Command[] = [...shellCommands, ...steeringCommands];

function first(name: string): string {
  return name.split(" ")[0] ?? name;
}

export function commandsOf(word: string): readonly Command[] {
  return commands.filter(({ name, aliases }) => first(name) === word || aliases?.includes(word));
}

/** Words and options that may follow a first word. */
export function following(word: string): readonly string[] {
  const group = commandsOf(word);
  const seconds = group.flatMap(({ name }) => name.split(" ").slice(1));
  const own = word.startsWith("completion") ? shells : [];
  const options = group.flatMap(({ options }) => Object.keys(options));
  const isSecond = group.every(({ name }) => first(name) === word);
  return [
    ...(isSecond ? seconds : []),
    ...own,
    ...dashed([...options, ...Object.keys(globalOptions)]),
  ];
}

export function dashed(names: readonly string[]): readonly string[] {
  return [...new Set(names)].map((name) => `--${name}`);
}

/** Options whose values are known, with those values. */
export const choices: ReadonlyMap<string, readonly string[]> = new Map(
  commands.flatMap(({ options }) =>
    Object.entries(options).flatMap(([name, option]) =>
      option.choices ? [[name, option.choices] as const] : [],
    ),
  ),
);

/** Options that name a group of commands; `-g` is one of them everywhere. */
export const groupOptions: readonly string[] = ["group", "groups", "failed-in-group"];

/** First words behind which ids of commands stand. */
export const idWords: readonly string[] = firstWords.filter((word) =>
  commandsOf(word).some(
    (command) => aboutCommands.includes(command) && /^\[?ID/.test(command.parameters),
  ),
);

export function summaryOf(word: string): string {
  const own = commandsOf(word).find(({ name, aliases }) => name === word || aliases);
  if (own !== undefined) return own.summary;
  return following(word)
    .filter((each) => !each.startsWith("-"))
    .join(", ");
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
