// Rows to jobs and processes, and JSON to columns. No queries.

import type { Job, JobError, JobKind, JobState } from "../job.ts";
import type { Json } from "../json.ts";
import type { Process, ProcessKind, ProcessState } from "../process.ts";

/** A row as `node:sqlite` gives it: by column name. */
export type Row = Record<string, unknown>;

/** null is stored as NULL. */
export function toColumn(value: Json | JobError | undefined): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

export function fromColumn<T = Json>(column: unknown): T {
  return column === null ? (null as T) : (JSON.parse(column as string) as T);
}

export function toJob(row: Row): Job {
  return {
    id: row.id as number,
    name: row.name as string,
    kind: row.kind as JobKind,
    queue: row.queue as string,
    state: row.state as JobState,
    args: fromColumn(row.args),
    priority: row.priority as number,
    attempts: row.attempts as number,
    interruptions: row.interruptions as number,
    crashes: row.crashes as number,
    crashesSinceCheckpoint: row.crashes_since_checkpoint as number,
    fence: row.fence as number,
    processId: row.process_id as number | null,
    cursor: fromColumn(row.cursor),
    progress: { done: row.progress_done as number, total: row.progress_total as number | null },
    concurrencyKey: row.concurrency_key as string | null,
    uniqueKey: row.unique_key as string | null,
    label: row.label as string | null,
    runAt: row.run_at as number,
    createdAt: row.created_at as number,
    startedAt: row.started_at as number | null,
    finishedAt: row.finished_at as number | null,
    error: fromColumn<JobError | null>(row.error),
    result: fromColumn(row.result),
    cancelRequested: row.cancel_requested_at !== null,
  };
}

export function toProcess(row: Row): Process {
  return {
    id: row.id as number,
    kind: row.kind as ProcessKind,
    name: row.name as string,
    supervisorId: row.supervisor_id as number | null,
    pid: row.pid as number,
    host: row.host as string,
    bootId: row.boot_id as string,
    startTicks: row.start_ticks as number,
    queues: fromColumn<string[]>(row.queues),
    names: fromColumn<string[]>(row.names),
    state: row.state as ProcessState,
    jobs: row.jobs as number,
    rssBytes: row.rss_bytes as number | null,
    heartbeatAt: row.heartbeat_at as number,
    createdAt: row.created_at as number,
  };
}
