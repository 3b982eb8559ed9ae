// The words of flow control: a slot of a key, a rate, a unique key, and what became of some jobs.

import type { Gate, Job, JobState, Store, Unique } from "@queue-runtime/store";
import { waitFor } from "../../../support/wait-for.ts";
import { newWorker, type Worker } from "../world.ts";

/** One slot, which others wait for. */
export function slot(key: string, gate: Partial<Gate> = {}): Gate {
  return { kind: "concurrency", key, limit: 1, ms: 60_000, onConflict: "block", ...gate };
}

/** One run in any minute. */
export function rate(key: string, gate: Partial<Gate> = {}): Gate {
  return { kind: "rate", key, limit: 1, ms: 60_000, onConflict: "block", ...gate };
}

/** States in which a job is yet to end. */
export const alive: readonly JobState[] = [
  "held",
  "waiting",
  "scheduled",
  "blocked",
  "ready",
  "running",
];

/** A key that is taken until its job has ended. */
export function unique(key: string, more: Partial<Unique> = {}): Unique {
  return { key, states: alive, forMs: null, onConflict: "exists", ...more };
}

/** In the order of the ids; `gone` where there is no such job. */
export async function statesOf(
  store: Store,
  ids: readonly number[],
): Promise<readonly (JobState | "gone")[]> {
  const jobs = await Promise.all(ids.map((id) => store.jobs.find(id)));
  return jobs.map((job) => job?.state ?? "gone");
}

export async function finish(worker: Worker, ...jobs: readonly Job[]): Promise<void> {
  for (const job of jobs) {
    const { refused } = await worker.settle(job, { outcome: "finished", result: null });
    if (refused.length > 0) throw new Error(`the end of job ${job.id} was refused`);
  }
}

/** Makes due jobs ready until that job is in that state. */
export async function dispatchUntil(store: Store, id: number, state: JobState): Promise<void> {
  await waitFor(
    async () => {
      await store.jobs.dispatch(10);
      return (await store.jobs.find(id))?.state === state;
    },
    { what: `job ${id} to be ${state}` },
  );
}

/** Claims and finishes whatever becomes ready, one at a time; answers the ids in that order. */
export async function drainInOrder(store: Store, names = ["job"]): Promise<readonly number[]> {
  const worker = await newWorker(store);
  const order: number[] = [];
  for (;;) {
    const [job] = await worker.claim({ names, limit: 1 });
    if (!job) return order;
    order.push(job.id);
    await finish(worker, job);
  }
}

/** For so many milliseconds, again and again. */
export async function during(ms: number, act: () => Promise<void>): Promise<void> {
  const until = performance.now() + ms;
  await waitFor(async () => {
    await act();
    return performance.now() >= until;
  });
}
