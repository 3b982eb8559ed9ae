// What a process that ran commands leaves behind when it dies: its commands go on, in groups of
// their own. They are taken into our hands before anything else happens to their jobs, so that no
// other process can begin them beside the ones that run.
//
// Who died between the start of a process and the note of its pid has left a command of which the
// store knows no process: it is found by its environment; or it came and went, if the notes of the
// dead say that it was started; or it never began.

import type { CommandJob, Settlement, Store } from "@queue-runtime/store";
import type { Log } from "../../log.ts";
import { signalGroup, sweepMarked } from "../../process/process-group.ts";
import { readBegun } from "../../process/runs/begun-runs.ts";
import {
  begunAmong,
  type FoundRun,
  findUnnoted,
  notesOf,
} from "../../process/runs/unnoted-runs.ts";
import type { Departed } from "../recovery.ts";

export interface InheritOptions {
  readonly store: Store;
  readonly log: Log;
  readonly from: Departed;
  /** The id of the supervisor. */
  readonly to: number;
  /** Somebody will look after them; or else they are ended, and ready again. */
  readonly keep: boolean;
  /** Of their output; null: it is not known. */
  readonly folder: string | null;
}

/** Answers the ids of those that are to be looked after. */
export async function inherit(options: InheritOptions): Promise<readonly number[]> {
  const { store, log, from, to, keep, folder } = options;
  const jobs = await store.commands.adopt(from.id, to);
  if (jobs.length === 0) return [];
  const found = findUnnoted(jobs, from.pid ?? null);
  const gone = begunAmong(jobs, readBegun(folder));
  const begun = jobs.filter(
    ({ id, command }) => command.process !== null || found.has(id) || gone.has(id),
  );
  const rest = keep ? jobs.filter((job) => !begun.includes(job)) : jobs;
  if (found.size > 0) await store.commands.began(notesOf(jobs, found));
  const settlements = rest.map((job) => settlementOf(job, found.get(job.id), gone.has(job.id)));
  await store.jobs.turn({ processId: to, settlements, checkpoints: [], claim: null });
  const released = rest.length;
  log.report({ type: "commands-inherited", name: from.name, commands: jobs.length, released });
  return keep ? begun.map(({ id }) => id) : [];
}

/** Of one that ends here. */
function settlementOf(
  { id, fence, command }: CommandJob,
  found: FoundRun | undefined,
  gone: boolean,
): Settlement {
  const process = command.process ?? found?.process;
  if (!process && !gone) return { id, fence, outcome: "released" };
  // its leader may be gone by the doing of whoever died, and what it left is there
  if (process && signalGroup(process, ["SIGKILL"]) === "gone") sweepMarked(process.pid, id);
  return { id, fence, outcome: "interrupted", delayMs: 0 };
}
