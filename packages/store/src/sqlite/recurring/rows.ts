// Rows to recurring tasks and ticks. No queries.

import type { RecurringTask, RecurringTick } from "../../store/recurring.ts";
import { fromColumn, type Row } from "../rows.ts";

export function toTask(row: Row): RecurringTask {
  return {
    key: row.key as string,
    schedule: row.schedule as string,
    timeZone: row.time_zone as string | null,
    job: fromColumn<RecurringTask["job"]>(row.job),
    description: row.description as string | null,
    catchUp: row.catch_up as RecurringTask["catchUp"],
    source: row.source as string,
    paused: row.paused === 1,
    version: row.version as number,
    since: row.since as number,
    lastTickAt: row.last_tick_at as number | null,
  };
}

export function toTick(row: Row): RecurringTick {
  return {
    key: row.key as string,
    at: row.at as number,
    recordedAt: row.recorded_at as number,
    jobId: row.job_id as number | null,
  };
}
