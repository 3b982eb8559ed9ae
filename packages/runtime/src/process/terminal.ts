// Whether a terminal is there, and whether the one we were started from has gone.

import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";

const startedOnTerminal = [0, 1, 2].some((fd) => isatty(fd));

/** HUP means a closed terminal only to a process that was started from one. */
export function terminalIsGone(): boolean {
  if (!startedOnTerminal) return false;
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return false;
  } catch {
    return true;
  }
}
