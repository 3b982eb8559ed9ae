// From what jobs wrote down to who ran when. A run lasts from its first word to its own last one;
// where it has none, to the death of its process or, if that was frozen, to the moment its fence was
// overtaken. Every bound is one that errs on the side of the accused: a run is never taken for
// longer than it was.

import type { Recorded } from "../../project.ts";
import type { FlowEvidence, JobStory } from "../evidence.ts";

export interface RunSpan {
  readonly job: number;
  readonly fence: number;
  readonly pid: number;
  readonly from: number;
  readonly to: number;
  /** How it ended: by its own word, by a kill, or because somebody else has the job now. */
  readonly end: "ended" | "failed" | "interrupted" | "killed" | "overtaken" | "unknown";
}

const lastWords: Readonly<Record<string, RunSpan["end"]>> = {
  ended: "ended",
  onComplete: "ended",
  failed: "failed",
  onInterrupt: "interrupted",
};

export type Runs = ReadonlyMap<number, readonly RunSpan[]>;

/** The runs of each job, by fence. */
export function runsOf({
  jobs,
  records,
  kills,
}: Pick<FlowEvidence, "jobs" | "records" | "kills">): Runs {
  const killedAt = new Map(kills.map(({ pid, at }) => [pid, at]));
  const rows = new Map(jobs.map((job) => [job.id, job]));
  const all = new Map<number, readonly RunSpan[]>();
  for (const [job, runs] of wordsByRun(records)) {
    const spans = [...runs]
      .sort(([one], [other]) => one - other)
      .map(([, words]) => spanOf(words, killedAt));
    all.set(job, endAll(spans, rows.get(job)));
  }
  return all;
}

/** Words of each run in order, by job and fence. */
function wordsByRun(records: readonly Recorded[]): Map<number, Map<number, Recorded[]>> {
  const byJob = new Map<number, Map<number, Recorded[]>>();
  for (const record of records) {
    if (record.job === undefined || record.fence === undefined) continue;
    const runs = byJob.get(record.job) ?? new Map<number, Recorded[]>();
    byJob.set(record.job, runs);
    const words = runs.get(record.fence);
    if (words) words.push(record);
    else runs.set(record.fence, [record]);
  }
  return byJob;
}

function spanOf(words: readonly Recorded[], killedAt: ReadonlyMap<number, number>): RunSpan {
  const [first, last] = [words[0]!, words.at(-1)!];
  const { job, fence, pid, at: from } = first;
  const run = { job: job!, fence: fence!, pid, from };
  const end = lastWords[last.event];
  if (end !== undefined) return { ...run, to: last.at, end };
  const killed = killedAt.get(pid);
  if (killed !== undefined) return { ...run, to: Math.max(from, killed), end: "killed" };
  return { ...run, to: Number.POSITIVE_INFINITY, end: "unknown" };
}

/**
 * No run lasts beyond the first word of one with a newer fence; nor beyond the end of its job, where
 * it is not the one that ended it.
 */
function endAll(spans: readonly RunSpan[], job: JobStory | undefined): readonly RunSpan[] {
  const over = job?.finishedAt ?? Number.POSITIVE_INFINITY;
  let newest = Number.POSITIVE_INFINITY;
  const ended = spans.toReversed().map((run): RunSpan => {
    const overtaken = run.fence === job?.fence ? newest : Math.min(newest, over);
    newest = Math.min(newest, run.from);
    if (overtaken < run.to) return { ...run, to: Math.max(run.from, overtaken), end: "overtaken" };
    // an iteration that is cancelled says no last word
    const silent = run.end === "unknown" || run.end === "killed";
    if (silent && over < run.to) return { ...run, to: Math.max(run.from, over), end: "unknown" };
    return run;
  });
  return ended.reverse();
}

/** Without those that said their first word when their fence was overtaken already. */
export function inForce(spans: readonly RunSpan[]): readonly RunSpan[] {
  return spans.filter(({ from, to }) => to > from);
}
