// Stored rows as `--json` prints them: snake_case, times in ISO 8601. Scripts depend on every name
// here, so nothing is spread from a row; what is not listed is not promised.

import type { Job, JobDetails, Process, Queue } from "@queue-runtime/store";
import { isoTime } from "../terminal/times.ts";

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

export function queueRow(queue: Queue): object {
  return {
    name: queue.name,
    paused: queue.paused,
    ready: queue.ready,
    running: queue.running,
    latency_ms: queue.latencyMs,
  };
}

export function processRow(process: Process): object {
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
