// The files that a run writes to. They are its own descriptors, not pipes: a command goes on
// writing when we are gone, and nobody who is slow holds it up. The price is that we cannot count
// along, so sizes are looked at while something runs (see output-limit.ts).

import { chmodSync, closeSync, constants, openSync, writeSync } from "node:fs";
import { makeFolder } from "@queue-runtime/store";
import { forgetCut } from "../../../control/output/cut-note.ts";
import { outputFile } from "../../../control/output/files.ts";
import type { Run } from "../run.ts";

export interface Output {
  /** For stdout, and for stderr where it is kept apart. */
  readonly paths: readonly string[];
  readonly stdout: number;
  readonly stderr: number;
  close(): void;
}

/** Opens them anew, unless the run goes on where an interrupted one ended. @throws Error of fs */
export function openOutput(folder: string, run: Run): Output {
  const { job } = run;
  const paths = outputPaths(folder, run);
  const anew = job.interruptions + job.crashes === 0;
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    for (const path of paths) fds.push(open(folder, path, anew));
  } catch (error) {
    close();
    throw error;
  }
  return { paths, stdout: fds[0]!, stderr: fds[1] ?? fds[0]!, close };
}

export function outputPaths(folder: string, { job, command }: Run): readonly string[] {
  const attempt = job.attempts;
  const streams = command.separate ? [false, true] : [false];
  return streams.map((stderr) => outputFile(folder, { id: job.id, attempt, stderr }));
}

/** Ours alone. @throws Error that says which setting names it */
export function prepareFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
    chmodSync(folder, 0o700);
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(`the output of commands cannot be kept: ${why}; see commands.output`, {
      cause: error,
    });
  }
}

/** A last word of ours, for whoever looks there for what the command said. */
export function noteIn(path: string | undefined, sentence: string): void {
  if (path === undefined) return;
  try {
    const fd = openSync(path, "a", 0o600);
    writeSync(fd, `runtime: ${sentence}\n`);
    closeSync(fd);
  } catch {
    // a full disk, perhaps; the sentence is in the error of the job as well
  }
}

function open(folder: string, path: string, anew: boolean): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | (anew ? O_TRUNC : 0);
  const fd = openIn(folder, path, flags);
  // now that nothing is left that would be read once more
  if (anew) forgetCut(path);
  return fd;
}

function openIn(folder: string, path: string, flags: number): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    makeFolder(folder, 0o700);
    return openSync(path, flags, 0o600);
  }
}
