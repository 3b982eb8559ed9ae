// Runs whose process was started by somebody who died before its pid was stored: they are found by
// what their environment says, or they never began.

import { readFileSync } from "node:fs";
import type { CommandJob, CommandProcess, Held } from "@queue-runtime/store";
import { identify } from "../identity.ts";
import { killOne, type Marked, markedProcesses } from "../process-group.ts";

export interface FoundRun {
  readonly process: CommandProcess;
  /** In its group. */
  readonly slot: number;
}

/**
 * Each time a run is taken over its fence rises; its environment has the one it was claimed with.
 */
const mostHands = 4;

/**
 * By the ids of those that have a process of which the store knows nothing.
 * @param from the pid of who began them: it may still be there, and deaf
 */
export function findUnnoted(
  jobs: readonly CommandJob[],
  from: number | null = null,
): ReadonlyMap<number, FoundRun> {
  const unknown = jobs.filter(({ command }) => command.process === null);
  if (unknown.length === 0) return new Map();
  const marked = orphansOf(from, markedProcesses());
  return new Map(
    unknown.flatMap((job) => {
      const leader = leaderOf(job, marked);
      if (!leader) sweepLeft(job, marked);
      if (!leader) return [];
      return [[job.id, { process: identify(leader.pid), slot: leader.slot }] as const];
    }),
  );
}

/** Ids are of one store, and a host may have several: who has its parent is none of ours. */
function orphansOf(from: number | null, marked: readonly Marked[]): readonly Marked[] {
  const leaders = new Map(marked.map((each) => [each.pid, each]));
  return marked.filter((each) => {
    const { parent } = leaders.get(each.group) ?? each;
    return parent === from || !titleOf(parent).startsWith("runtime commands");
  });
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
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
    const leads = marked.some((each) => each.pid === group);
    if (group === session && !leads) killOne(pid);
  }
}

function ofLastRun({ id, fence }: CommandJob, marked: readonly Marked[]): readonly Marked[] {
  return marked.filter((each) => each.jobId === id && isOfLastRun(each.fence, fence));
}

function isOfLastRun(claimedWith: number, fence: number): boolean {
  return claimedWith < fence && claimedWith >= fence - mostHands;
}

/** Which of them may have begun, though no process of theirs is known: they may be over. */
export function begunAmong(
  jobs: readonly CommandJob[],
  begun: readonly Held[],
): ReadonlySet<number> {
  const unknown = jobs.filter(({ command }) => command.process === null);
  const may = unknown.filter(({ id, fence }) => {
    return begun.some((run) => run.id === id && isOfLastRun(run.fence, fence));
  });
  return new Set(may.map(({ id }) => id));
}

/** As `Commands.began` wants them. */
export function notesOf(
  jobs: readonly CommandJob[],
  found: ReadonlyMap<number, FoundRun>,
): readonly (Held & FoundRun)[] {
  return jobs.flatMap(({ id, fence }) => {
    const run = found.get(id);
    return run ? [{ id, fence, ...run }] : [];
  });
}
