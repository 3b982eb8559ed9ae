// Standard output for results alone: `--json | jq` must not meet what the code of users prints.

import { Console } from "node:console";

/**
 * From now on `console.log` and `process.stdout` write to standard error, on threads that begin
 * later as well. Whoever took hold of `process.stdout` before, or writes to its number, still has
 * the real one; so have programs that a job starts with inherited output.
 */
export function reserveStdout(): void {
  globalThis.console = new Console(process.stderr);
  Object.defineProperty(process, "stdout", { configurable: true, get: () => process.stderr });
}
