// Claims, performs and settles, one job at a time, until nothing is due.

import type { Clock, Job, Settlement, Store, TurnAnswer } from "@queue-runtime/store";
import type { JobDefinition } from "../define/definition.ts";
import { keysMissing } from "../flow/missing.ts";
import { toJobError } from "../perform/to-job-error.ts";
import { perform } from "../perform.ts";
import { MemoryRun } from "./memory-run.ts";
import { tickAll } from "./ticks.ts";

/** How many runs ended how. */
export interface Drained {
  finished: number;
  /** Failed for good. */
  failed: number;
  /** Failed, and scheduled to run again. */
  retried: number;
  interrupted: number;
  cancelled: number;
}

export interface Bench {
  readonly store: Store;
  readonly definitions: ReadonlyMap<string, JobDefinition>;
  readonly interruptAfter: number | null;
  readonly clock: Clock;
}

/** A job that enqueues itself would never end. */
const mostRuns = 100_000;

export async function drain(bench: Bench): Promise<Drained> {
  const drained: Drained = { finished: 0, failed: 0, retried: 0, interrupted: 0, cancelled: 0 };
  const processId = await register(bench.store);
  await tickAll(bench.store.recurring, bench.clock.now());
  try {
    for (let runs = 0; runs < mostRuns; runs++) {
      const job = await claimed(bench, processId);
      if (job === undefined) return drained;
      const end = seenTo(job, bench) ?? (await endOf(job, bench));
      const counted = countedAs(end);
      if (counted !== null) drained[counted]++;
      await turn(bench, processId, [end]);
    }
    throw new Error(`drain ran ${mostRuns} jobs and there are more: does a job enqueue itself?`);
  } finally {
    await bench.store.processes.deregister([processId]);
  }
}

/** A row that was enqueued by name alone gets its keys when somebody knows its definition. */
function seenTo(job: Job, { definitions }: Bench): Settlement | null {
  const { id, fence, name } = job;
  try {
    const missing = keysMissing(definitions.get(name)!, job);
    return missing === null ? null : { id, fence, ...missing };
  } catch (thrown) {
    return { id, fence, outcome: "failed", error: toJobError(thrown), retryDelayMs: null };
  }
}

async function endOf(job: Job, bench: Bench): Promise<Settlement> {
  const { id, fence, name } = job;
  const { position, ...end } = await perform(bench.definitions.get(name)!, runOf(job, bench));
  return { id, fence, ...position, ...end };
}

async function claimed(bench: Bench, processId: number): Promise<Job | undefined> {
  await bench.store.jobs.dispatch(1_000);
  await bench.store.flow.refill();
  return (await turn(bench, processId, [])).claimed[0];
}

function turn(
  { store, definitions }: Bench,
  processId: number,
  settlements: readonly Settlement[],
): Promise<TurnAnswer> {
  const names = [...definitions.keys()];
  // A turn that settles claims nothing: what it makes due must be dispatched first.
  const claim = settlements.length > 0 ? null : { queues: ["*"], names, limit: 1, idle: true };
  return store.jobs.turn({ processId, settlements, checkpoints: [], claim });
}

function runOf(job: Job, { store, interruptAfter, clock }: Bench): MemoryRun {
  return new MemoryRun({
    job,
    interruptAfter,
    enqueue: (jobs) => store.jobs.enqueue(jobs),
    take: (key, rate) => store.flow.take(key, rate),
    monotonic: () => clock.now(),
  });
}

/** null: that was no run. */
function countedAs(end: Settlement): keyof Drained | null {
  switch (end.outcome) {
    case "failed":
      return end.retryDelayMs === null ? "failed" : "retried";
    case "finished":
    case "interrupted":
    case "cancelled":
      return end.outcome;
    default:
      return null;
  }
}

async function register(store: Store): Promise<number> {
  return store.processes.register({
    kind: "worker",
    name: "test",
    pid: process.pid,
    host: "test",
    bootId: "test",
    startTicks: 0,
    supervisorId: null,
    queues: ["*"],
  });
}
