// A judge that knows nothing of the runtime: it reads what the jobs wrote and what the command line
// says of them in the end, and names every contradiction.

import { within } from "./pace.ts";
import type { JobRow, Recorded } from "./project.ts";

/** One run of one job: everything written with one fence, in order. */
interface RunTrace {
  readonly fence: number;
  readonly pid: number;
  readonly events: readonly Recorded[];
}

export interface Kill {
  readonly pid: number;
  readonly at: number;
}

export interface Evidence {
  /** Ids whose enqueue was acknowledged. */
  readonly acknowledged: readonly number[];
  readonly jobs: readonly JobRow[];
  readonly records: readonly Recorded[];
  readonly kills: readonly Kill[];
  /** Processes were also told to stop, so that runs may be interrupted; false by default. */
  readonly stops?: boolean;
  /** How long no position could be saved, at most, in milliseconds; 0 by default. */
  readonly awayMs?: number;
}

/** How often an iteration saves its position, and how late a save may be; milliseconds. */
const intervalMs = 50;
const lateMs = 200;

/** One sentence per contradiction; none is the verdict that is hoped for. */
export function contradictions(evidence: Evidence): string[] {
  const { acknowledged, jobs, records } = evidence;
  const runs = runsByJob(records);
  const known = new Set(acknowledged);
  const rows = new Map(jobs.map((job) => [job.id, job]));
  const found: string[] = [];
  for (const id of known) if (!rows.has(id)) found.push(`job ${id} is lost`);
  for (const id of runs.keys()) if (!known.has(id)) found.push(`job ${id} was never enqueued`);
  for (const job of jobs) {
    const problems = judge(job, runs.get(job.id) ?? [], evidence);
    found.push(...problems.map((problem) => `job ${job.id} (${job.name}) ${problem}`));
  }
  return found;
}

/** From the kill of a process to the next event of each job that it had begun and not ended. */
export function restartDelays({ records, kills }: Pick<Evidence, "records" | "kills">): number[] {
  const killedAt = new Map(kills.map(({ pid, at }) => [pid, at]));
  const delays: number[] = [];
  for (const runs of runsByJob(records).values()) {
    for (const [index, run] of runs.entries()) {
      const next = runs[index + 1];
      const at = killedAt.get(run.pid);
      if (next && at !== undefined && !isEnded(run)) delays.push(next.events[0]!.at - at);
    }
  }
  return delays.sort((a, b) => a - b);
}

function judge(job: JobRow, runs: readonly RunTrace[], evidence: Evidence): string[] {
  const { kills, stops = false } = evidence;
  const problems: string[] = [];
  const must = (holds: boolean, problem: string) => holds || problems.push(problem);
  must(job.state === "finished", `is ${job.state}: ${JSON.stringify(job.error)}`);
  must(job.attempts === 1, `counts ${job.attempts} attempts`);
  const interrupted = stops ? runs.filter(isInterrupted).length : 0;
  const interruptions = `counts ${job.interruptions} interruptions of ${interrupted}`;
  must(job.interruptions === interrupted, interruptions);
  must(job.process_id === null, "is held by somebody");

  const last = runs.at(-1);
  must(last !== undefined && isEnded(last), "never ran to its end");
  must(last?.fence === job.fence, `has fence ${job.fence}, its last run ${last?.fence}`);
  must(runs.filter(({ fence }) => fence % 2 === 0).length === 0, "ran with a fence of nobody");
  for (const [index, run] of runs.entries()) {
    must(new Set(run.events.map(({ pid }) => pid)).size === 1, "ran twice with one fence");
    const next = runs[index + 1];
    const overlap = next !== undefined && next.events[0]!.at < run.events.at(-1)!.at;
    must(!overlap, `ran with fences ${run.fence} and ${next?.fence} at once`);
    const killed = (stops && isInterrupted(run)) || kills.some(({ pid }) => pid === run.pid);
    must(next === undefined || killed, `was repeated although its process ${run.pid} lived`);
  }

  const torn = runs.filter((run) => !isEnded(run) && !isInterrupted(run)).length;
  must(job.crashes >= torn, `counts ${job.crashes} crashes, ${torn} runs were torn off`);
  must(job.crashes <= (job.fence - 1) / 2, `counts ${job.crashes} crashes with fence ${job.fence}`);
  if (job.name.startsWith("count")) problems.push(...judgeItems(job, runs, evidence));
  return problems;
}

/** Every item is there, none is skipped, and only what one interval may hold is repeated. */
function judgeItems(job: JobRow, runs: readonly RunTrace[], { awayMs = 0 }: Evidence): string[] {
  const problems: string[] = [];
  let expected = 0;
  let before: readonly Recorded[] = [];
  let clean = false;
  for (const { events } of runs) {
    const items = events.filter(({ event }) => event === "item");
    const first = items[0]?.value as number | undefined;
    if (first === undefined) continue;
    if (first > expected) problems.push(`skipped from item ${expected} to ${first}`);
    const redone = before.filter(({ value }) => (value as number) >= first);
    const age = redone.length > 0 ? before.at(-1)!.at - redone[0]!.at : 0;
    if (age > intervalMs + within(lateMs) + awayMs)
      problems.push(`repeated items of ${Math.round(age)} ms`);
    if (clean && redone.length > 0) problems.push("repeated items after a clean interruption");
    for (const [index, { value }] of items.entries()) {
      if (value !== first + index)
        problems.push(`did item ${value} where ${first + index} was due`);
    }
    expected = Math.max(expected, first + items.length);
    before = items;
    clean = events.at(-1)!.event === "onInterrupt";
  }
  const { items } = job.args as { items: number };
  if (expected !== items) problems.push(`did ${expected} of ${items} items`);
  return problems;
}

function isEnded({ events }: RunTrace): boolean {
  const { event } = events.at(-1)!;
  return event === "ended" || event === "onComplete";
}

function isInterrupted({ events }: RunTrace): boolean {
  return events.at(-1)!.event === "onInterrupt";
}

function runsByJob(records: readonly Recorded[]): Map<number, RunTrace[]> {
  const byJob = new Map<number, Map<number, Recorded[]>>();
  for (const record of records) {
    const { job, fence } = record;
    if (job === undefined || fence === undefined) continue;
    const runs = byJob.get(job) ?? new Map<number, Recorded[]>();
    byJob.set(job, runs);
    runs.set(fence, [...(runs.get(fence) ?? []), record]);
  }
  const ordered = [...byJob].map(([job, runs]): [number, RunTrace[]] => {
    const traces = [...runs].map(([fence, events]) => ({ fence, pid: events[0]!.pid, events }));
    return [job, traces.sort((a, b) => a.fence - b.fence)];
  });
  return new Map(ordered);
}
