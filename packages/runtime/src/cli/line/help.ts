// The help pages, from the table of commands.

import { commands } from "../commands.ts";
import { width } from "../terminal/text.ts";
import type { Command, CommandOption } from "./command.ts";
import { globalOptions } from "./global-options.ts";

/** All commands, or those of one group such as `queue`. */
export function overview(group: string | null): string {
  const listed = commands.filter(({ name }) => group === null || name.startsWith(`${group} `));
  return [
    group === null
      ? "Background jobs for Node.js that survive deploys."
      : `Usage: runtime ${group} COMMAND [options]`,
    ...(group === null ? ["", "Usage: runtime COMMAND [options]"] : []),
    "",
    "Commands:",
    ...columns(
      listed.map(({ name, parameters, summary }) => [`${name} ${parameters}`.trim(), summary]),
    ),
    "",
    "Options:",
    ...optionLines(globalOptions),
    "",
    "`runtime COMMAND --help` explains one command. New here? Begin with `runtime init`.",
  ].join("\n");
}

/** Everything of that name: `start` is the runtime's, and that of commands. */
export function pages({ name }: Command): string {
  const same = commands.filter((command) => command.name === name);
  return same.map(page).join("\n\n");
}

export function page({ name, parameters, summary, options, examples }: Command): string {
  return [
    `Usage: runtime ${`${name} ${parameters}`.trim()} [options]`,
    "",
    `${summary}.`,
    "",
    "Options:",
    ...optionLines({ ...options, ...globalOptions }),
    "",
    examples.length === 1 ? "Example:" : "Examples:",
    ...examples.map((example) => `  ${example}`),
  ].join("\n");
}

function optionLines(options: Readonly<Record<string, CommandOption>>): readonly string[] {
  return columns(
    Object.entries(options).map(([name, { alias, value, describe, choices }]) => {
      const short = alias === undefined ? "    " : `-${alias}, `;
      const long = value === undefined ? `--${name}` : `--${name} ${value}`;
      const listed = choices === undefined ? "" : `\n${choices.join(", ")}`;
      return [short + long, describe + listed];
    }),
  );
}

/** Two columns; the second, of one or more lines, begins where the longest of the first ends. */
function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const first = Math.max(...rows.map(([left]) => width(left)));
  const indent = `\n${" ".repeat(first + 4)}`;
  return rows.map(([left, right]) => {
    return `  ${left}${" ".repeat(first - width(left))}  ${right.replaceAll("\n", indent)}`;
  });
}
