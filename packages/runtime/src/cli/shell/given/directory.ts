// Where a command runs: an absolute path without links, so that it means the same to everybody.

import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError } from "../../line/errors.ts";
import { quoted } from "../../terminal/text.ts";

/** @throws CommandError when it is no folder */
export function readDirectory(typed: string | undefined): string {
  const path = typed === undefined ? here() : resolve(here(), typed);
  try {
    const real = realpathSync(path);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") {
      throw new CommandError(`the folder ${quoted(path)} cannot be entered: permission denied`);
    }
    throw new CommandError(`there is no folder ${quoted(path)}; create it, or name another`);
  }
  throw new CommandError(`${quoted(path)} is not a folder; name one with --working-directory`);
}

function here(): string {
  try {
    return process.cwd();
  } catch {
    throw new CommandError("the working directory is gone; change to one that exists");
  }
}
