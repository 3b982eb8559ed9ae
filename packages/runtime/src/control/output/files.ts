// Where the output of commands is: one file per attempt, two where stderr is kept apart. Beside a
// file that grew too large lies `<file>.1`, which holds what came just before it, and `<file>.cut`,
// the note that was made of it.

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextRound } from "node:timers/promises";
import type { CommandJob } from "@queue-runtime/store";
import { cutNote, olderOutput } from "./cut-note.ts";

export interface OutputName {
  readonly id: number;
  /** From 1. */
  readonly attempt: number;
  /** That of a command with `separate`; false by default. */
  readonly stderr?: boolean;
}

/** @param folder `commands.output` of the configuration */
export function outputFile(folder: string, { id, attempt, stderr = false }: OutputName): string {
  return join(folder, `${id}.${attempt}${stderr ? ".err" : ""}.log`);
}

/**
 * The attempt that a person means who names none: the one that runs, or ran last. One that was
 * interrupted is not counted, and yet has output.
 */
export function newestAttempt(folder: string, job: CommandJob): number {
  const counted = Math.max(1, job.attempts);
  const began = job.state === "running" || job.finishedAt !== null;
  if (began || job.interruptions + job.crashes === 0) return counted;
  const uncounted = job.attempts + 1;
  return existsSync(outputFile(folder, { id: job.id, attempt: uncounted })) ? uncounted : counted;
}

/** Most have no output, and are looked at without a wait: everybody else has a turn in between. */
const idsInOneRound = 250;

/** Of every attempt. Files that are gone already, or were never there, are fine. */
export async function deleteOutput(folder: string, ids: readonly number[]): Promise<void> {
  for (const [n, id] of ids.entries()) {
    await deleteAttempts(folder, id);
    if (n % idsInOneRound === 0) await nextRound();
  }
}

async function deleteAttempts(folder: string, id: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const file = outputFile(folder, { id, attempt });
    // a run that could not open its file leaves a gap
    const next = outputFile(folder, { id, attempt: attempt + 1 });
    if (!existsSync(file) && !existsSync(next)) return;
    const apart = outputFile(folder, { id, attempt, stderr: true });
    const all = [file, apart].flatMap((each) => [each, olderOutput(each), cutNote(each)]);
    await Promise.all(all.map((each) => rm(each, { force: true })));
  }
}
