// What became of each job, by what it asked for: it ended, as it should, once, and not before those
// it comes after.

import { clockSlackMs, type FlowEvidence, type JobStory } from "../evidence.ts";
import type { RunSpan, Runs } from "./runs.ts";

/** So many runs of one job may lose their process before it is given up. */
const mostCrashes = 3;

const endStates = ["finished", "failed", "cancelled"];

export function wrongOutcomes(evidence: FlowEvidence, runs: Runs): string[] {
  const { jobs, acknowledged, records, freezes } = evidence;
  const rows = new Map(jobs.map((job) => [job.id, job]));
  const found = acknowledged.filter((id) => !rows.has(id)).map((id) => `job ${id} is lost`);
  for (const id of new Set(records.map(({ job }) => job)))
    if (id !== undefined && !rows.has(id)) found.push(`job ${id} ran and was never enqueued`);
  const cancelled = new Set(evidence.cancelled);
  const frozen = new Set(freezes.map(({ pid }) => pid));
  for (const job of jobs) {
    const spans = runs.get(job.id) ?? [];
    const problems = [
      ...wrongEnd(job, spans, { rows, cancelled: cancelled.has(job.id) }),
      ...tooEarly(job, spans, { rows, runs }),
      ...wrongRuns(job, spans, frozen),
    ];
    found.push(...problems.map((problem) => `job ${job.id} (${job.name}) ${problem}`));
  }
  return found;
}

type Rows = ReadonlyMap<number, JobStory>;

function wrongEnd(
  job: JobStory,
  spans: readonly RunSpan[],
  { rows, cancelled }: { readonly rows: Rows; readonly cancelled: boolean },
): string[] {
  const { state, error, wants } = job;
  if (!endStates.includes(state)) return [`is still ${state}`];
  if (state === "cancelled") return cancelled ? [] : ["was cancelled and nobody asked for it"];
  const crashed = spans.filter(({ end }) => end !== "ended" && end !== "failed").length;
  if (state === "failed" && crashed >= mostCrashes) return [];
  const due = dueEnd(wants, rows);
  if (state !== due.state) return [`is ${state} (${error}), not ${due.state}`];
  if (due.unrun && spans.length > 0) return ["ran although what it comes after failed"];
  if (due.unrun && error !== "DependencyError") return [`failed with ${error}`];
  if (state !== "finished") return [];
  const last = spans.find(({ fence }) => fence === job.fence);
  return last?.end === "ended" ? [] : ["is finished, but the run of its fence never ended"];
}

function dueEnd(
  { after, ifDependencyFails, doomed }: JobStory["wants"],
  rows: Rows,
): { readonly state: "finished" | "failed"; readonly unrun: boolean } {
  const inVain = after.some((id) => rows.get(id)?.state !== "finished");
  if (inVain && ifDependencyFails === "fail") return { state: "failed", unrun: true };
  return { state: doomed ? "failed" : "finished", unrun: false };
}

/** By the clock of the store, and by the last word of the run whose result was taken. */
function tooEarly(
  job: JobStory,
  spans: readonly RunSpan[],
  { rows, runs }: { readonly rows: Rows; readonly runs: Runs },
): string[] {
  const began = spans[0]?.from;
  if (began === undefined) return [];
  return job.wants.after.flatMap((id) => {
    const target = rows.get(id);
    if (!target) return `came after job ${id}, which is nowhere`;
    const { finishedAt, fence } = target;
    const said = runs.get(id)?.find((run) => run.fence === fence && run.end === "ended")?.to;
    const early = finishedAt === null || began < finishedAt - clockSlackMs || began < (said ?? 0);
    return early ? `began before job ${id} had ended, which it comes after` : [];
  });
}

function wrongRuns(
  job: JobStory,
  spans: readonly RunSpan[],
  frozen: ReadonlySet<number>,
): string[] {
  return spans.flatMap((run, index) => {
    const next = spans[index + 1];
    if (run.fence > job.fence) return `ran with fence ${run.fence} and has ${job.fence}`;
    if (next && next.from < run.from && !frozen.has(run.pid))
      return `began with fence ${run.fence} after fence ${next.fence}`;
    const over = job.finishedAt !== null && run.from > job.finishedAt + clockSlackMs;
    return over && !frozen.has(run.pid) ? `ran with fence ${run.fence} after its end` : [];
  });
}
