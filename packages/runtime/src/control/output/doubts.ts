// Whether the output of commands could be kept where the configuration says. Only looked at, and
// only a warning: whoever checks a configuration need not be whoever runs it.

import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../../config.ts";
import { problemText } from "../../modules/problems.ts";

/** One line, or none where all is well. */
export function outputDoubts({ commands, file }: Config): readonly string[] {
  if (commands === null) return [];
  const place = nearest(commands.output);
  try {
    // its own path of "." is there only in a folder
    accessSync(`${place}/.`, constants.W_OK | constants.X_OK);
    return [];
  } catch {
    const what = `the output of commands cannot be kept in ${commands.output}`;
    const message = `commands.output: ${what}: ${place} is no folder that can be written`;
    return [problemText({ file, line: null, message })];
  }
}

/** The folder itself, or what of its path is there. */
function nearest(folder: string): string {
  const above = dirname(folder);
  return existsSync(folder) || above === folder ? folder : nearest(above);
}
