// nq, as its manual shows it: the queue is a folder, each command a process that waits until those
// before it let go of their files. One command at a time, and nothing is written with fsync.

import { endMarked, requireProgram, type Spooler } from "./spooler.ts";

/** @throws NotHere */
export async function openNq(folder: string): Promise<Spooler> {
  requireProgram("nq", "nq");
  return {
    cwd: folder,
    env: { ...process.env, NQDIR: folder },
    add: "nq",
    slots: 1,
    [Symbol.asyncDispose]: async () => endMarked(`NQDIR=${folder}`),
  };
}
