// What queues shell commands beside us: programs of the system, found by their name and never
// installed from here. Each queue has a folder of its own, and disposing of it ends whatever it
// started.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { processesMarked } from "../../support/proc.ts";
import { bash, type Place } from "../harness/bash.ts";
import { NotHere } from "../harness/measurement.ts";

export interface Spooler extends AsyncDisposable, Place {
  /** What comes before the words of a command to add it. */
  readonly add: string;
  readonly slots: number;
}

/**
 * Keeps a slot until there is a file `go` in the folder, or for five minutes: whatever happens to
 * the measurement, nothing waits for ever.
 */
const hold = "sh -c 'n=0; while [ ! -e go ] && [ $n -lt 6000 ]; do sleep 0.05; n=$((n+1)); done'";

/** Nothing begins until there is a file `go`; then so many lie there. */
export async function fillSpooler(spooler: Spooler, words: readonly string[]): Promise<void> {
  const held = Array.from({ length: spooler.slots }, () => hold);
  const lines = [...held, ...words].map((each) => `${spooler.add} ${each} </dev/null >/dev/null`);
  await bash(lines.join("\n"), spooler);
}

/** @throws NotHere with the name of the package that has it */
export function requireProgram(program: string, debianPackage: string): void {
  const folders = (process.env.PATH ?? "").split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, program)))) return;
  const advice = `\`apt-get install ${debianPackage}\` has it on Debian`;
  process.stderr.write(`${program} IS MISSING on this machine: ${advice}\n`);
  throw new NotHere(`${program} is not installed; ${advice}`);
}

/** They have left the process group of the measurement, and are known by their environment. */
export function endMarked(assignment: string): void {
  for (const pid of processesMarked(assignment)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has just ended
    }
  }
}
