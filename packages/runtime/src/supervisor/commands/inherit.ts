// What a process that ran commands leaves behind when it dies: its commands go on, in groups of
// their own. They are taken into our hands before anything else happens to their jobs, so that no
// other process can begin them beside the ones that run.
//
// Who died between the start of a process and the note of its pid has left a command of which the
// store knows no process: it is found by its environment, or it never began.

import type { CommandJob, CommandProcess, Settlement, Store } from "@queue-runtime/store";
import type { Log } from "../../log.ts";
import { identify, isAlive } from "../../process/identity.ts";
import { type Marked, markedProcesses, signalGroup } from "../../process/process-group.ts";
import type { Departed } from "../recovery.ts";

/**
 * Each time a run is taken over its fence rises; its environment has the one it was claimed with.
 */
const mostHands = 4;

export interface InheritOptions {
  readonly store: Store;
  readonly log: Log;
  readonly from: Departed;
  /** The id of the supervisor. */
  readonly to: number;
  /** Somebody will look after them; or else they are ended, and ready again. */
  readonly keep: boolean;
}

/** Answers the ids of those that are to be looked after. */
export async function inherit(options: InheritOptions): Promise<readonly number[]> {
  const { store, log, from, to, keep } = options;
  const jobs = await store.commands.adopt(from.id, to);
  if (jobs.length === 0) return [];
  const found = findUnknown(jobs);
  const begun = jobs.filter(({ id, command }) => command.process !== null || found.has(id));
  const rest = keep ? jobs.filter((job) => !begun.includes(job)) : jobs;
  if (!keep) for (const job of begun) end(job.command.process ?? found.get(job.id)!);
  if (found.size > 0) await note(store, jobs, found);
  const settlements = rest.map((job): Settlement => {
    const { id, fence } = job;
    if (!begun.includes(job)) return { id, fence, outcome: "released" };
    return { id, fence, outcome: "interrupted", delayMs: 0 };
  });
  await store.jobs.turn({ processId: to, settlements, checkpoints: [], claim: null });
  const released = rest.length;
  log.report({ type: "commands-inherited", name: from.name, commands: jobs.length, released });
  return keep ? begun.map(({ id }) => id) : [];
}

function findUnknown(jobs: readonly CommandJob[]): ReadonlyMap<number, CommandProcess> {
  const unknown = jobs.filter(({ command }) => command.process === null);
  if (unknown.length === 0) return new Map();
  const marked = markedProcesses();
  return new Map(
    unknown.flatMap((job) => {
      const leader = leaderOf(job, marked);
      return leader ? [[job.id, identify(leader.pid)] as const] : [];
    }),
  );
}

/** The process that leads its group and session, of the newest claim that can be meant. */
function leaderOf({ id, fence }: CommandJob, marked: readonly Marked[]): Marked | undefined {
  return marked
    .filter((each) => each.jobId === id && each.pid === each.group && each.pid === each.session)
    .filter((each) => each.fence < fence && each.fence >= fence - mostHands)
    .sort((a, b) => b.fence - a.fence)[0];
}

async function note(
  store: Store,
  jobs: readonly CommandJob[],
  found: ReadonlyMap<number, CommandProcess>,
): Promise<void> {
  const runs = jobs.flatMap(({ id, fence, command }) => {
    const process = found.get(id);
    return process ? [{ id, fence, process, slot: command.slot ?? 0 }] : [];
  });
  await store.commands.began(runs);
}

function end(process: CommandProcess): void {
  if (isAlive(process)) signalGroup(process, ["SIGKILL"]);
}
