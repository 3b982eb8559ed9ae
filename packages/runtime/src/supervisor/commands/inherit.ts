// What a process that ran commands leaves behind when it dies: its commands go on, in groups of
// their own. They are taken into our hands before anything else happens to their jobs, so that no
// other process can begin them beside the ones that run.
//
// Who died between the start of a process and the note of its pid has left a command of which the
// store knows no process: it is found by its environment, or it never began.

import type { CommandJob, CommandProcess, Settlement, Store } from "@queue-runtime/store";
import type { Log } from "../../log.ts";
import { identify, isAlive } from "../../process/identity.ts";
import { killOne, type Marked, markedProcesses, signalGroup } from "../../process/process-group.ts";
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
  if (!keep) for (const job of begun) end(job.command.process ?? found.get(job.id)!.process);
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

interface Found {
  readonly process: CommandProcess;
  readonly slot: number;
}

function findUnknown(jobs: readonly CommandJob[]): ReadonlyMap<number, Found> {
  const unknown = jobs.filter(({ command }) => command.process === null);
  if (unknown.length === 0) return new Map();
  const marked = markedProcesses();
  return new Map(
    unknown.flatMap((job) => {
      const leader = leaderOf(job, marked);
      if (!leader) sweepLeft(job, marked);
      if (!leader) return [];
      return [[job.id, { process: identify(leader.pid), slot: leader.slot }] as const];
    }),
  );
}

/** The process that leads its group and session, of the newest claim that can be meant. */
function leaderOf(job: CommandJob, marked: readonly Marked[]): Marked | undefined {
  return ofLastRun(job, marked)
    .filter(({ pid, group, session }) => pid === group && pid === session)
    .sort((a, b) => b.fence - a.fence)[0];
}

/** Its leader has come and gone: what it left goes as well, or it would live beside the next. */
function sweepLeft(job: CommandJob, marked: readonly Marked[]): void {
  for (const { pid, group, session } of ofLastRun(job, marked)) {
    if (group === session && pid !== group) killOne(pid);
  }
}

function ofLastRun({ id, fence }: CommandJob, marked: readonly Marked[]): readonly Marked[] {
  const first = fence - mostHands;
  return marked.filter((each) => each.jobId === id && each.fence < fence && each.fence >= first);
}

async function note(
  store: Store,
  jobs: readonly CommandJob[],
  found: ReadonlyMap<number, Found>,
): Promise<void> {
  const runs = jobs.flatMap(({ id, fence }) => {
    const run = found.get(id);
    return run ? [{ id, fence, ...run }] : [];
  });
  await store.commands.began(runs);
}

function end(process: CommandProcess): void {
  if (isAlive(process)) signalGroup(process, ["SIGKILL"]);
}
