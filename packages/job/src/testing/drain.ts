// Claims, performs and settles, one job at a time, until nothing is due.

import type { Clock, Job, Settlement, Store, TurnAnswer } from "@queue-runtime/store";
import type { JobDefinition } from "../define/definition.ts";
import type { Outcome } from "../outcome.ts";
import { perform } from "../perform.ts";
import { MemoryRun } from "./memory-run.ts";

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
  try {
    for (let runs = 0; runs < mostRuns; runs++) {
      const job = await claimed(bench, processId);
      if (job === undefined) return drained;
      const outcome = await perform(bench.definitions.get(job.name)!, runOf(job, bench));
      drained[countedAs(outcome)]++;
      const { position, ...end } = outcome;
      await turn(bench, processId, [{ id: job.id, fence: job.fence, ...position, ...end }]);
    }
    throw new Error(`drain ran ${mostRuns} jobs and there are more: does a job enqueue itself?`);
  } finally {
    await bench.store.processes.deregister([processId]);
  }
}

async function claimed(bench: Bench, processId: number): Promise<Job | undefined> {
  await bench.store.jobs.dispatch(1_000);
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
    monotonic: () => clock.now(),
  });
}

function countedAs(outcome: Outcome): keyof Drained {
  if (outcome.outcome !== "failed" || outcome.retryDelayMs === null) return outcome.outcome;
  return "retried";
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
