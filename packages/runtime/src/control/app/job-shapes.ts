// The shapes of jobs, queues, tasks, batches and processes, as the command line prints them.

import { processKinds } from "@queue-runtime/store";
import {
  anything,
  flag,
  integer,
  listOf,
  named,
  nullable,
  object,
  oneOf,
  optional,
  type Schema,
  text,
} from "./schema.ts";
import { bytes, count, id, priority, state, time } from "./shapes.ts";

const jobFields = {
  id,
  name: text(),
  kind: oneOf("module", "command"),
  queue: text(),
  state,
  args: anything,
  priority,
  attempts: count,
  interruptions: count,
  crashes: count,
  fence: count,
  process_id: nullable(id),
  cursor: anything,
  progress: anything,
  concurrency_key: nullable(text()),
  unique_key: nullable(text()),
  batch_id: nullable(id),
  run_at: time,
  created_at: time,
  started_at: nullable(time),
  finished_at: nullable(time),
  error: anything,
  result: anything,
} as const;

export const jobShape: Schema = named("Job", object(jobFields));

export const jobDetailsShape: Schema = named(
  "JobDetails",
  object({
    ...jobFields,
    label: nullable(text()),
    cancel_requested: flag,
    errors: listOf(anything, 1_000_000),
    command: optional(anything),
  }),
);

export const settings: Schema<{
  readonly slots: number | null;
  readonly rate: { readonly limit: number; readonly per_ms: number; readonly burst: number } | null;
  readonly fair: boolean;
}> = named(
  "QueueSettings",
  object({
    slots: nullable(integer(1, 100_000)),
    rate: nullable(
      object({
        limit: integer(1, 1_000_000),
        per_ms: integer(10, 31 * 86_400_000),
        burst: integer(1, 1_000_000),
      }),
    ),
    fair: flag,
  }),
);

export const queueShape: Schema = named(
  "Queue",
  object({
    name: text(),
    paused: flag,
    waiting: count,
    ready: count,
    blocked: count,
    running: count,
    latency_ms: integer(0, Number.MAX_SAFE_INTEGER),
    settings: nullable(settings),
  }),
);

export const taskShape: Schema = named(
  "RecurringTask",
  object({
    name: text(),
    schedule: text(),
    time_zone: nullable(text()),
    job: text(),
    args: anything,
    queue: nullable(text()),
    priority: nullable(priority),
    description: nullable(text()),
    catch_up: oneOf("none", "one", "all"),
    source: text(),
    paused: flag,
    next_at: nullable(time),
    last_at: nullable(time),
  }),
);

export const batchShape: Schema = named(
  "Batch",
  object({
    id,
    description: nullable(text()),
    metadata: anything,
    state: oneOf("open", "sealed", "succeeded", "failed"),
    jobs: object({
      total: count,
      pending: count,
      finished: count,
      failed: count,
      cancelled: count,
    }),
    created_at: time,
    finished_at: nullable(time),
  }),
);

export const processShape: Schema = named(
  "Process",
  object({
    id,
    kind: oneOf(...processKinds),
    name: text(),
    host: text(),
    pid: count,
    state: oneOf("starting", "running", "busy", "quiet", "stopping"),
    queues: listOf(text(), 100_000),
    jobs: count,
    heartbeat_at: time,
    rss_bytes: bytes,
  }),
);
