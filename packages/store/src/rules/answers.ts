// What is answered to somebody who retries, cancels or discards a job that is in some state; the
// same on every store. What then happens to the job is the store's business.

import type { JobState } from "../job.ts";
import type { Action, Actions } from "../store.ts";

/** `state` is undefined where there is no such job. */
export type Answer = (id: number, state: JobState | undefined) => Action;

export const answerRetry: Answer = (id, state) => {
  if (state === undefined) return unknown(id);
  if (state === "failed" || state === "cancelled") return { id, outcome: "retried" };
  return refused(id, `is ${state}: only a failed or cancelled job can be retried`);
};

/** A unique key that a job would take again, and another job has. */
export interface TakenKey {
  readonly key: string;
  /** 0: a transaction that has not ended yet enqueues a job with it. */
  readonly by: number;
}

/** To somebody who retries a job that cannot have its unique key. */
export function refuseRetry(id: number, { key, by }: TakenKey): Action {
  const its = `its unique key ${JSON.stringify(key)}`;
  const why =
    by === 0
      ? `a transaction that has not ended yet holds ${its}: try again`
      : `job ${by} has ${its}`;
  return refused(id, `cannot be retried: ${why}`);
}

export const answerCancel: Answer = (id, state) => {
  switch (state) {
    case undefined:
      return unknown(id);
    case "running":
      return { id, outcome: "requested" };
    case "finished":
    case "failed":
    case "cancelled":
      return refused(id, `is ${state} already: there is nothing to cancel`);
    default:
      return { id, outcome: "cancelled" };
  }
};

export const answerDiscard: Answer = (id, state) => {
  if (state === undefined) return unknown(id);
  if (state === "running") return refused(id, "is running: cancel it first");
  return { id, outcome: "discarded" };
};

/** One answer per id, in order; an id asked for twice is answered as the first left it. */
export function answerAll(
  ids: readonly number[],
  states: ReadonlyMap<number, JobState>,
  answer: Answer,
): Actions {
  const now = new Map(states);
  return ids.map((id) => {
    const action = answer(id, now.get(id));
    const state = after[action.outcome];
    if (state) now.set(id, state);
    if (action.outcome === "discarded") now.delete(id);
    return action;
  });
}

/** Outcomes that are not here leave the state of the job as it is. */
const after: Readonly<Partial<Record<Action["outcome"], JobState>>> = {
  retried: "ready",
  cancelled: "cancelled",
};

function unknown(id: number): Action {
  return { id, outcome: "unknown", error: `there is no job ${id}` };
}

function refused(id: number, why: string): Action {
  return { id, outcome: "refused", error: `job ${id} ${why}` };
}
