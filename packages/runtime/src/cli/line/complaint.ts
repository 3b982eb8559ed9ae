// What is wrong with a line, by yargs. Only mistakes pay for loading it.

import yargs, { type Options as Shape } from "yargs";
import type { CommandOption } from "./command.ts";
import { configuration } from "./read-options.ts";
import type { Options } from "./words.ts";

/** Its first complaint, in English. */
export function complaintAbout(argv: readonly string[], own: Options): string {
  const complaints: string[] = [];
  yargs()
    // messages of the system's language would not be understood by those who ask
    .locale("en")
    .exitProcess(false)
    .help(false)
    .version(false)
    .parserConfiguration(configuration)
    .options(
      Object.fromEntries(Object.entries(own).map(([name, option]) => [name, asYargs(option)])),
    )
    .fail((message, error) => complaints.push(message ?? error.message))
    .parseSync([...argv]);
  return complaints[0] ?? "the options cannot be read";
}

function asYargs({ value, repeats, alias }: CommandOption): Shape {
  const shape: Shape =
    value === undefined ? { boolean: true } : { string: true, requiresArg: true };
  if (repeats) shape.array = true;
  if (alias !== undefined) shape.alias = alias;
  return shape;
}
