// How many jobs are in each state, each counted in the smallest index that holds them.

import type { JobState } from "../../job.ts";
import type { Driver } from "../driver.ts";

const counts = `
SELECT state, count(*) FROM jobs INDEXED BY jobs_waiting
  WHERE state = 'scheduled' OR state = 'blocked' OR state = 'waiting' OR state = 'held'
  GROUP BY state
UNION ALL SELECT 'ready', (
    SELECT count(*) FROM jobs INDEXED BY jobs_ready_by_priority
    WHERE state = 'ready' AND suspect = 0)
  + (SELECT count(*) FROM jobs INDEXED BY jobs_suspect
    WHERE state = 'ready' AND suspect = 1)
UNION ALL SELECT 'running', count(*) FROM jobs INDEXED BY jobs_running
  WHERE process_id IS NOT NULL
UNION ALL SELECT state, count(*) FROM jobs INDEXED BY jobs_ended
  WHERE finished_at IS NOT NULL GROUP BY state`;

const busy = `
SELECT EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_ready_by_priority
    WHERE state = 'ready' AND suspect = 0)
  OR EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_suspect WHERE state = 'ready' AND suspect = 1)
  OR EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_running WHERE process_id IS NOT NULL)
  OR EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_waiting WHERE state = 'blocked')`;

/** Whether anything is ready, running or blocked. */
export function isBusy(driver: Driver): boolean {
  return driver.value(busy) === 1;
}

export function count(driver: Driver): Readonly<Record<JobState, number>> {
  const answer: Record<JobState, number> = {
    held: 0,
    waiting: 0,
    scheduled: 0,
    blocked: 0,
    ready: 0,
    running: 0,
    finished: 0,
    failed: 0,
    cancelled: 0,
  };
  const rows = driver.recall(counts) as readonly [JobState, number][];
  for (const [state, jobs] of rows) answer[state] = jobs;
  return answer;
}
