// For tests of jobs: the real store (in memory) and the real engine, in one process, with a clock
// that the test moves. What it leaves out is the runtime: no threads, no time-outs, one job at a
// time.

import {
  type Clock,
  type Job,
  type JobDetails,
  openStore,
  systemClock,
} from "@queue-runtime/store";
import { isJobDefinition, type JobDefinition } from "./define/definition.ts";
import { type Queue, queueOn } from "./queue.ts";
import { type Drained, drain } from "./testing/drain.ts";
import { defineTasks } from "./testing/ticks.ts";
import { type Duration, parseDuration } from "./values/duration.ts";
import { checkOptions } from "./values/options.ts";

export type { Drained } from "./testing/drain.ts";
export { MemoryRun, type MemoryRunOptions } from "./testing/memory-run.ts";

export interface TestQueueOptions {
  /** The jobs that `drain` can run. */
  readonly jobs: readonly JobDefinition[];
  /** `fake` (the default) stands still until `advance`; `system` is the wall clock. */
  readonly clock?: "fake" | "system";
  /** What a fake clock shows at first; the first of January 2026 by default. */
  readonly startAt?: Date;
}

export interface TestQueue extends Omit<Queue, "in"> {
  /** Moves the fake clock forward; what became due runs at the next `drain`. */
  advance(duration: Duration): void;
  /** Milliseconds since 1970, by the clock of this queue. */
  now(): number;
  /**
   * Runs what is due, with what comes due by that, such as retries without delay; and what
   * recurring tasks enqueue, those of the jobs' schedules too, for every tick that has passed.
   */
  drain(): Promise<Drained>;
  /** From now on every run is interrupted after so many items; null for no more interruptions. */
  interruptAfter(items: number | null): void;
  /** All jobs, oldest first, at most 1,000. */
  list(): Promise<readonly Job[]>;
  /** What a finished job returned. @throws Error, a sentence, when it has not finished */
  result(id: number): Promise<unknown>;
}

/** Opens an empty queue in memory. @throws TypeError */
export async function testQueue(options: TestQueueOptions): Promise<TestQueue> {
  checkOptions("testQueue", options, ["jobs", "clock", "startAt"]);
  const definitions = definitionsOf(options.jobs);
  const clock = clockOf(options);
  const store = await openStore("sqlite::memory:", { clock });
  await store.migrate();
  await defineTasks(store.recurring, definitions.values());
  let interruptAfter: number | null = null;
  const { in: _, ...queue } = queueOn(store);
  return {
    ...queue,
    advance: (duration) => clock.advance(parseDuration(duration)),
    now: () => clock.now(),
    drain: () => drain({ store, definitions, interruptAfter, clock }),
    interruptAfter(items) {
      interruptAfter = items;
    },
    list: () => store.jobs.list({ limit: 1_000 }),
    result: async (id) => resultOf(id, await queue.find(id)),
  };
}

function definitionsOf(jobs: readonly JobDefinition[]): ReadonlyMap<string, JobDefinition> {
  if (!Array.isArray(jobs) || !jobs.every(isJobDefinition)) {
    throw new TypeError("testQueue needs the jobs it can run: testQueue({ jobs: [sendInvoice] })");
  }
  return new Map(jobs.map((job) => [job.name, job]));
}

function resultOf(id: number, job: JobDetails | null): unknown {
  if (job?.state === "finished") return job.result;
  const why = job?.error ? `: ${job.error.message}` : "";
  throw new Error(`job ${id} is ${job === null ? "not there" : `${job.state}${why}`}`);
}

interface TestClock extends Clock {
  advance(ms: number): void;
}

function clockOf({ clock = "fake", startAt }: TestQueueOptions): TestClock {
  if (clock === "fake") {
    let now = startAt?.getTime() ?? Date.UTC(2026, 0, 1);
    return {
      now: () => now,
      advance(ms) {
        now += ms;
      },
    };
  }
  return {
    now: () => systemClock.now(),
    advance() {
      throw new TypeError('advance needs the fake clock: testQueue({ jobs, clock: "fake" })');
    },
  };
}
