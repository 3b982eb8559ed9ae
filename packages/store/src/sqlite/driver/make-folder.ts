// Makes a folder with all that it lies in, one by one. Node's own `recursive` tries for ever, and
// never returns, where the system takes no new folder and says that the one above is missing: below
// /proc, for one.

import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** `mode` is that of every folder that is made; `folder` is absolute or below here. @throws Error of fs */
export function makeFolder(folder: string, mode = 0o777): void {
  if (isFolder(folder)) return;
  const above = dirname(folder);
  if (!existsSync(above)) makeFolder(above, mode);
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    // somebody else was faster
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
