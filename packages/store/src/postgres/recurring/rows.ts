// Rows to recurring tasks and ticks. No queries.

import type { RecurringTask, RecurringTick } from "../../store/recurring.ts";

/** The columns of a task in the order that `toTask` reads them. */
export const taskColumns = `key, schedule, time_zone, job, description, catch_up, source, paused,
  version, since, last_tick_at`;

type TaskTuple = [
  key: string,
  schedule: string,
  timeZone: string | null,
  job: RecurringTask["job"],
  description: string | null,
  catchUp: RecurringTask["catchUp"],
  source: string,
  paused: boolean,
  version: number,
  since: number,
  lastTickAt: number | null,
];

export function toTask(row: unknown): RecurringTask {
  const tuple = row as TaskTuple;
  return {
    key: tuple[0],
    schedule: tuple[1],
    timeZone: tuple[2],
    job: tuple[3],
    description: tuple[4],
    catchUp: tuple[5],
    source: tuple[6],
    paused: tuple[7],
    version: tuple[8],
    since: tuple[9],
    lastTickAt: tuple[10],
  };
}

/** The columns of a tick in the order that `toTick` reads them. */
export const tickColumns = "key, at, recorded_at, job_id";

export function toTick(row: unknown): RecurringTick {
  const [key, at, recordedAt, jobId] = row as [string, number, number, number | null];
  return { key, at, recordedAt, jobId };
}
