// What people do to jobs: retry, cancel, discard, and clearing away what ended long ago. Each id
// is answered by itself, in order; an id asked for twice is answered as the first left it.

import type { JobState } from "../../job.ts";
import type { Action, Actions, Retention } from "../../store.ts";
import type { Driver } from "../driver.ts";

const stateOf = "SELECT state FROM jobs WHERE id = ?";

function each(
  driver: Driver,
  ids: readonly number[],
  act: (id: number, state: JobState) => Omit<Action, "id">,
): Actions {
  return ids.map((id) => {
    const state = Number.isSafeInteger(id) ? driver.value(stateOf, id) : undefined;
    if (state === undefined) return { id, outcome: "unknown", error: `there is no job ${id}` };
    return { id, ...act(id, state as JobState) };
  });
}

const again = `UPDATE jobs SET state = 'ready', run_at = :now, finished_at = NULL, error = NULL,
  result = NULL, attempts = 0, interruptions = 0, crashes = 0, crashes_since_checkpoint = 0
  WHERE id = :id`;

const forget =
  "UPDATE jobs SET cursor = NULL, progress_done = 0, progress_total = NULL WHERE id = ?";

export function retry(
  driver: Driver,
  ids: readonly number[],
  options: { readonly fromStart: boolean },
): Actions {
  const now = driver.now();
  return each(driver, ids, (id, state) => {
    if (state !== "failed" && state !== "cancelled")
      return refused(`job ${id} is ${state}: only a failed or cancelled job can be retried`);
    driver.sql(again).run({ now, id });
    if (options.fromStart) driver.sql(forget).run(id);
    return { outcome: "retried" };
  });
}

const end = "UPDATE jobs SET state = 'cancelled', finished_at = :now WHERE id = :id";

const request = `UPDATE jobs SET cancel_requested_at = :now
  WHERE id = :id AND cancel_requested_at IS NULL`;

export function cancel(driver: Driver, ids: readonly number[]): Actions {
  const now = driver.now();
  return each(driver, ids, (id, state) => {
    switch (state) {
      case "running":
        driver.sql(request).run({ now, id });
        return { outcome: "requested" };
      case "finished":
      case "failed":
      case "cancelled":
        return refused(`job ${id} is ${state} already: there is nothing to cancel`);
      default:
        driver.sql(end).run({ now, id });
        return { outcome: "cancelled" };
    }
  });
}

const remove = "DELETE FROM jobs WHERE id = ?";

export function discard(driver: Driver, ids: readonly number[]): Actions {
  return each(driver, ids, (id, state) => {
    if (state === "running") return refused(`job ${id} is running: cancel it first`);
    driver.sql(remove).run(id);
    return { outcome: "discarded" };
  });
}

const expired = `DELETE FROM jobs WHERE id IN (
  SELECT id FROM jobs INDEXED BY jobs_ended
  WHERE finished_at IS NOT NULL AND state = ? AND finished_at < ?
  ORDER BY finished_at LIMIT ?)`;

export function clear(driver: Driver, retention: Retention, limit: number): number {
  const now = driver.now();
  const periods = [
    ["finished", retention.finishedMs],
    ["cancelled", retention.cancelledMs],
    ["failed", retention.failedMs],
  ] as const;
  let removed = 0;
  for (const [state, period] of periods) {
    if (removed >= limit) break;
    removed += Number(driver.sql(expired).run(state, now - period, limit - removed).changes);
  }
  return removed;
}

function refused(error: string): Omit<Action, "id"> {
  return { outcome: "refused", error };
}
