// Stored rows as `--json` prints them: snake_case, times in ISO 8601. Scripts depend on every name
// here, so nothing is spread from a row; what is not listed is not promised.

import {
  type Batch,
  type Job,
  type JobDetails,
  type JobState,
  jobStates,
  type Process,
  type Queue,
  type QueueSettings,
  type RecurringTask,
  type Store,
} from "@queue-runtime/store";
import { isoTime } from "./rows/iso-time.ts";

export function jobRow(job: Job): object {
  return {
    id: job.id,
    name: job.name,
    kind: job.kind,
    queue: job.queue,
    state: job.state,
    args: job.args,
    priority: job.priority,
    attempts: job.attempts,
    interruptions: job.interruptions,
    crashes: job.crashes,
    fence: job.fence,
    process_id: job.processId,
    cursor: job.cursor,
    progress: { done: job.progress.done, total: job.progress.total },
    concurrency_key: job.concurrencyKey,
    unique_key: job.uniqueKey,
    batch_id: job.batchId,
    run_at: isoTime(job.runAt),
    created_at: isoTime(job.createdAt),
    started_at: isoTime(job.startedAt),
    finished_at: isoTime(job.finishedAt),
    error: job.error,
    result: job.result,
  };
}

/** One job with the error of every attempt, oldest first. */
export function jobDetailsRow(job: JobDetails): object {
  const errors = job.errors.map(({ attempt, at, error }) => {
    return { attempt, at: isoTime(at), ...error };
  });
  return { ...jobRow(job), label: job.label, cancel_requested: job.cancelRequested, errors };
}

export interface QueueRow extends Omit<Queue, "latencyMs" | "settings"> {
  readonly latency_ms: number;
  readonly settings: SettingsRow | null;
}

export function queueRow(queue: Queue): QueueRow {
  return {
    name: queue.name,
    paused: queue.paused,
    waiting: queue.waiting,
    ready: queue.ready,
    blocked: queue.blocked,
    running: queue.running,
    latency_ms: queue.latencyMs,
    settings: queue.settings && settingsRow(queue.settings),
  };
}

export interface SettingsRow extends Omit<QueueSettings, "rate"> {
  readonly rate: { readonly limit: number; readonly per_ms: number; readonly burst: number } | null;
}

export function settingsRow({ slots, rate, fair }: QueueSettings): SettingsRow {
  const per = rate && { limit: rate.limit, per_ms: rate.perMs, burst: rate.burst };
  return { slots, rate: per, fair };
}

export function settingsOf({ slots, rate, fair }: SettingsRow): QueueSettings {
  const per = rate && { limit: rate.limit, perMs: rate.per_ms, burst: rate.burst };
  return { slots, rate: per, fair };
}

export function batchRow(batch: Batch): object {
  return {
    id: batch.id,
    description: batch.description,
    metadata: batch.metadata,
    state: batch.state,
    jobs: batch.jobs,
    created_at: isoTime(batch.createdAt),
    finished_at: isoTime(batch.finishedAt),
  };
}

/** `next` is null for one that is paused, or never due again. */
export function taskRow(task: RecurringTask, next: number | null): object {
  const { name: job, args = null, queue = null, priority = null } = task.job;
  return {
    name: task.key,
    schedule: task.schedule,
    time_zone: task.timeZone,
    job,
    args,
    queue,
    priority,
    description: task.description,
    catch_up: task.catchUp,
    source: task.source,
    paused: task.paused,
    next_at: isoTime(next),
    last_at: isoTime(task.lastTickAt),
  };
}

export interface ProcessRow
  extends Pick<Process, "id" | "kind" | "name" | "host" | "pid" | "state" | "queues" | "jobs"> {
  readonly heartbeat_at: string;
  readonly rss_bytes: number | null;
}

export function processRow(process: Process): ProcessRow {
  return {
    id: process.id,
    kind: process.kind,
    name: process.name,
    host: process.host,
    pid: process.pid,
    state: process.state,
    queues: process.queues,
    jobs: process.jobs,
    heartbeat_at: isoTime(process.heartbeatAt),
    rss_bytes: process.rssBytes,
  };
}

/** What a supervisor knows of its children: sooner than their rows, which wait for a heartbeat. */
export type LiveProcess = Pick<ProcessRow, "id" | "state" | "rss_bytes">;

export function withLive(
  stored: readonly ProcessRow[],
  live: readonly LiveProcess[],
): readonly ProcessRow[] {
  const known = new Map(live.map((each) => [each.id, each]));
  return stored.map((row) => {
    const now = known.get(row.id);
    if (now === undefined) return row;
    return { ...row, state: now.state, rss_bytes: now.rss_bytes ?? row.rss_bytes };
  });
}

/** What `status` shows of a store, whoever reads it: a runtime, or a command line where none is. */
export interface StoredRows {
  readonly jobs: Readonly<Record<JobState, number>>;
  readonly queues: readonly QueueRow[];
  readonly processes: readonly ProcessRow[];
  readonly unknown_names: readonly { readonly name: string; readonly ready: number }[];
}

export async function storedRows(store: Store): Promise<StoredRows> {
  const jobs = await store.jobs.count();
  const counts = jobStates.map((state) => [state, jobs[state]]);
  return {
    jobs: Object.fromEntries(counts) as Record<JobState, number>,
    queues: (await store.queues.list()).map(queueRow),
    processes: (await store.processes.list()).map(processRow),
    unknown_names: (await store.jobs.unknownNames()).map(({ name, ready }) => ({ name, ready })),
  };
}
