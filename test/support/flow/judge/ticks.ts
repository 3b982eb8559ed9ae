// Recurring tasks: each tick at most one job, none early, none forgotten, and the ledger says of
// jobs exactly what there is.

import type { FlowEvidence, JobStory, TaskStory, TickStory } from "../evidence.ts";

type Known = Pick<FlowEvidence, "jobs" | "tasks" | "ticks">;

export function wrongTicks({ jobs, tasks, ticks }: Known): string[] {
  const rows = new Map(jobs.map((job) => [job.id, job]));
  const ledger = new Set(ticks.map(({ jobId }) => jobId));
  const found = jobs
    .filter(({ id, wants }) => wants.task !== null && !ledger.has(id))
    .map(({ id, wants }) => `job ${id} of the task ${wants.task} is in no ledger`);
  for (const task of tasks) {
    const own = ticks.filter(({ key }) => key === task.key).sort((a, b) => a.at - b.at);
    const problems = [...badTicks(task, own, rows), ...gaps(task, own)];
    found.push(...problems.map((problem) => `the task ${task.key} ${problem}`));
  }
  return found;
}

function badTicks(
  { key, everyMs }: TaskStory,
  ticks: readonly TickStory[],
  rows: ReadonlyMap<number, JobStory>,
): string[] {
  const seen = { at: new Set<number>(), job: new Set<number>() };
  return ticks.flatMap(({ at, recordedAt, jobId }) => {
    if (at % everyMs !== 0) return `ticked at ${at}, which is no tick`;
    if (recordedAt < at) return `ticked ${at - recordedAt} ms before ${at}`;
    if (seen.at.has(at)) return `ticked twice at ${at}`;
    seen.at.add(at);
    if (jobId === null) return `ticked at ${at} without a job`;
    if (seen.job.has(jobId)) return `has job ${jobId} for two ticks`;
    seen.job.add(jobId);
    return rows.get(jobId)?.wants.task === key ? [] : `has job ${jobId} at ${at}, which is not its`;
  });
}

/** It makes up for everything, so that every tick between its beginning and its end is there. */
function gaps({ everyMs, since, until }: TaskStory, ticks: readonly TickStory[]): string[] {
  const there = new Set(ticks.map(({ at }) => at));
  const missing: string[] = [];
  for (let at = Math.ceil((since + 1) / everyMs) * everyMs; at <= until; at += everyMs)
    if (!there.has(at)) missing.push(`forgot the tick at ${at}`);
  return missing;
}
