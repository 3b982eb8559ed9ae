// Rows to jobs and processes, and JSON to parameters. No queries.

import type { Job, JobError, JobKind, JobState } from "../job.ts";
import type { Json } from "../json.ts";
import type { Process, ProcessKind, ProcessState } from "../process.ts";
import { links } from "./migrations/2-flow/links.ts";

/** null is stored as NULL. */
export function toColumn(value: Json | JobError | undefined): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** What a live and an ended job have in common, in the order in which both tables hold it. */
export const sharedColumns: readonly string[] = [
  "id",
  "priority",
  "run_at",
  "created_at",
  "started_at",
  "progress_done",
  "progress_total",
  "attempts",
  "interruptions",
  "crashes",
  "crashes_since_checkpoint",
  "fence",
  "name",
  "kind",
  "queue",
  "state",
  "concurrency_key",
  "unique_key",
  "label",
  "args",
  "cursor",
  "error",
  "batch_id",
  "linked",
];

/** The columns of a job in the order that `toJob` reads them; from `jobs` or `all_jobs`. */
export function jobColumns(from: "live" | "all"): string {
  const rest =
    from === "all"
      ? ["process_id", "cancel_requested_at", "finished_at", "result"]
      : ["process_id", "cancel_requested_at"];
  return [...sharedColumns, ...rest].map((column) => `job.${column}`).join(", ");
}

/** What ties a job to others, see migrations/2-flow/links.ts; 0 for most. */
export function linksOf(row: unknown): number {
  return (row as JobTuple)[23];
}

type JobTuple = [
  id: number,
  priority: number,
  runAt: number,
  createdAt: number,
  startedAt: number | null,
  done: number,
  total: number | null,
  attempts: number,
  interruptions: number,
  crashes: number,
  crashesSinceCheckpoint: number,
  fence: number,
  name: string,
  kind: JobKind,
  queue: string,
  state: JobState,
  concurrencyKey: string | null,
  uniqueKey: string | null,
  label: string | null,
  args: Json,
  cursor: Json,
  error: JobError | null,
  batchId: number | null,
  linked: number,
  processId: number | null,
  cancelRequestedAt: number | null,
  finishedAt?: number | null,
  result?: Json,
];

export function toJob(row: unknown): Job {
  const tuple = row as JobTuple;
  return {
    id: tuple[0],
    name: tuple[12],
    kind: tuple[13],
    queue: tuple[14],
    state: tuple[15],
    args: tuple[19],
    priority: tuple[1],
    attempts: tuple[7],
    interruptions: tuple[8],
    crashes: tuple[9],
    crashesSinceCheckpoint: tuple[10],
    fence: tuple[11],
    processId: tuple[24],
    cursor: tuple[20],
    progress: { done: tuple[5], total: tuple[6] },
    concurrencyKey: tuple[16],
    uniqueKey: tuple[17],
    keyed: (tuple[23] & links.keyed) !== 0,
    batchId: tuple[22],
    label: tuple[18],
    runAt: tuple[2],
    createdAt: tuple[3],
    startedAt: tuple[4],
    finishedAt: tuple[26] ?? null,
    error: tuple[21],
    result: tuple[27] ?? null,
    cancelRequested: tuple[25] !== null,
  };
}

/** The columns of a process in the order that `toProcess` reads them. */
export const processColumns: string = `process.id, process.kind, process.name,
  process.supervisor_id, process.pid, process.host, process.boot_id, process.start_ticks,
  process.queues, process.names, process.state, process.rss_bytes, process.heartbeat_at,
  process.created_at, (SELECT count(*) FROM queue_runtime.jobs AS job
    WHERE job.process_id = process.id AND job.state = 'running')`;

type ProcessTuple = [
  id: number,
  kind: ProcessKind,
  name: string,
  supervisorId: number | null,
  pid: number,
  host: string,
  bootId: string,
  startTicks: number,
  queues: readonly string[],
  names: readonly string[],
  state: ProcessState,
  rssBytes: number | null,
  heartbeatAt: number,
  createdAt: number,
  jobs: number,
];

export function toProcess(row: unknown): Process {
  const tuple = row as ProcessTuple;
  return {
    id: tuple[0],
    kind: tuple[1],
    name: tuple[2],
    supervisorId: tuple[3],
    pid: tuple[4],
    host: tuple[5],
    bootId: tuple[6],
    startTicks: tuple[7],
    queues: tuple[8],
    names: tuple[9],
    state: tuple[10],
    rssBytes: tuple[11],
    heartbeatAt: tuple[12],
    createdAt: tuple[13],
    jobs: tuple[14],
  };
}
