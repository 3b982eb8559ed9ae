// task-spooler (`tsp` on Debian), default settings but for the slots: a server that keeps the queue
// in memory, and a process for each command that waits. Nothing of it is on the disk.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { bash } from "../harness/bash.ts";
import { endMarked, requireProgram, type Spooler } from "./spooler.ts";

/** @throws NotHere */
export async function openTaskSpooler(folder: string, slots = 1): Promise<Spooler> {
  requireProgram("tsp", "task-spooler");
  const output = join(folder, "output");
  mkdirSync(output, { recursive: true });
  const socket = join(folder, "socket");
  const place = { cwd: folder, env: { ...process.env, TS_SOCKET: socket, TMPDIR: output } };
  await bash(`tsp -S ${slots} </dev/null >/dev/null`, place);
  return {
    ...place,
    add: "tsp",
    slots,
    [Symbol.asyncDispose]: async () => {
      await bash("tsp -K </dev/null >/dev/null 2>&1 || true", place);
      endMarked(`TS_SOCKET=${socket}`);
    },
  };
}
