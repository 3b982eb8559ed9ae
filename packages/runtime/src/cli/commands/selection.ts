// Which commands are meant: the same options everywhere, see shell/selected.ts for their meaning.

import type { CommandOption } from "../line/command.ts";

export const group: CommandOption = { alias: "g", value: "NAME", describe: "Those of this group" };

export const selection: Readonly<Record<string, CommandOption>> = {
  group,
  all: { alias: "a", describe: "Those of every group" },
};

/** `start` and `enqueue` are about commands when they name some, and of something else if not. */
export function isAboutCommands(
  words: readonly string[],
  options: Readonly<Record<string, unknown>>,
): boolean {
  if (options.group !== undefined || options.all === true) return true;
  return words.length > 0 && words.every((word) => /^-?\d+$/.test(word));
}
