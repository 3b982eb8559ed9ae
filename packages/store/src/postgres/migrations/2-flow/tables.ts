// The tables of slots, unique keys, dependencies and batches. Nothing is counted anywhere: a slot
// that is there is held or rests, a key is taken by the one entry that is held. What cannot
// disagree with itself needs no repair.
//
// Among ready jobs of one priority the older goes first, by its id. Where keys take turns, a job
// goes by the place it was given when its key's turn came: a number of the same sequence.
//
// A slot that is lent belongs to a run that had begun before its queue had slots, and ends with it.
// A resting slot of a rate is nobody's: its job_id is NULL, and `expires_at` is when it may go. Only
// the run that began with it (`begun_by`) may have it back, if it never reached a thread. The
// name in a gate is that of the job, by which its limit may be overridden, and empty where the gate
// is that of a queue. A job that was blocked long ago (`since`) keeps slots (promote/keep.ts); few
// ever do. In `touched` a negative number is a batch. Settings of a queue that were
// taken back are a row of NULLs until every job of the queue knows of it. A batch counts the jobs
// of its own that were cleared away, and has an error where a callback could not be enqueued.

const churning = (threshold: number): string => `WITH (fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = ${threshold},
  autovacuum_vacuum_cost_delay = 0)`;

const added = "ADD COLUMN linked integer NOT NULL DEFAULT 0, ADD COLUMN batch_id bigint";

const shared = `id, priority, run_at, created_at, started_at, progress_done, progress_total,
  attempts, interruptions, crashes, crashes_since_checkpoint, fence, name, kind, queue, state,
  concurrency_key, unique_key, label, args, cursor, error`;

/** Of a live job and an ended one, but for `state` and `error`. */
export const kept: string = `id, priority, run_at, created_at, started_at, progress_done,
  progress_total, attempts, interruptions, crashes, crashes_since_checkpoint, fence, name, kind,
  queue, concurrency_key, unique_key, label, args, cursor, batch_id, linked`;

const safe = Number.MAX_SAFE_INTEGER;
/** Half of the last millisecond a `Date` can hold: whatever the clock says, the sum is a date. */
const longest = 8_640_000_000_000_000 / 2;

/** Numbers that every turn adds to others: one that is too large would stop them all. */
const domains = `
CREATE DOMAIN queue_runtime.slot_count AS bigint
  CONSTRAINT "must be from 1 to 2^53 - 1" CHECK (VALUE BETWEEN 1 AND ${safe});

CREATE DOMAIN queue_runtime.slot_time AS bigint
  CONSTRAINT "must be milliseconds, 0 or more" CHECK (VALUE BETWEEN 0 AND ${longest});`;

export const tables: string = `${domains}

ALTER TABLE queue_runtime.jobs ${added}, ADD COLUMN place bigint;
ALTER TABLE queue_runtime.ended_jobs ${added};

CREATE INDEX jobs_by_batch ON queue_runtime.jobs (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX jobs_placed ON queue_runtime.jobs (queue, name, priority, place)
  WHERE place IS NOT NULL;
CREATE INDEX ended_jobs_by_batch ON queue_runtime.ended_jobs (batch_id, state, id)
  WHERE batch_id IS NOT NULL;

CREATE OR REPLACE VIEW queue_runtime.all_jobs AS
  SELECT ${shared}, process_id, cancel_requested_at, NULL::bigint AS finished_at,
    NULL::json AS result, batch_id, linked FROM queue_runtime.jobs
  UNION ALL
  SELECT ${shared}, NULL, NULL, finished_at, result, batch_id, linked FROM queue_runtime.ended_jobs;

CREATE OR REPLACE VIEW queue_runtime.job_overview AS
  SELECT id, name, kind, queue, state, priority, attempts, interruptions, crashes, fence,
    process_id, progress_done, progress_total, concurrency_key, unique_key, label,
    to_timestamp(run_at / 1000.0) AS run_at,
    to_timestamp(created_at / 1000.0) AS created_at,
    to_timestamp(started_at / 1000.0) AS started_at,
    to_timestamp(finished_at / 1000.0) AS finished_at,
    error ->> 'name' AS error_name, batch_id
  FROM queue_runtime.all_jobs;

CREATE TABLE queue_runtime.job_gates (
  job_id bigint NOT NULL,
  slots queue_runtime.slot_count NOT NULL,
  ms queue_runtime.slot_time NOT NULL,
  priority bigint NOT NULL,
  shape bigint NOT NULL DEFAULT 0,
  since bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000),
  position integer NOT NULL,
  waits boolean NOT NULL,
  keeps boolean NOT NULL DEFAULT false,
  kind text NOT NULL,
  key text COLLATE "C" NOT NULL,
  on_conflict text NOT NULL,
  name text COLLATE "C" NOT NULL,
  PRIMARY KEY (job_id, key)
) ${churning(5_000)};

CREATE INDEX job_gates_waiting ON queue_runtime.job_gates (key, priority, job_id) WHERE waits;
CREATE INDEX job_gates_shapes ON queue_runtime.job_gates (key, shape, priority, job_id) WHERE waits;
CREATE INDEX job_gates_kept ON queue_runtime.job_gates (key, priority, job_id) WHERE keeps;
CREATE INDEX job_gates_rates ON queue_runtime.job_gates (key) WHERE waits AND kind = 'rate';

CREATE TABLE queue_runtime.slots (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id bigint,
  begun_by bigint,
  since bigint NOT NULL,
  expires_at bigint,
  lent boolean NOT NULL DEFAULT false,
  kind text NOT NULL,
  key text COLLATE "C" NOT NULL
) ${churning(5_000)};

CREATE INDEX slots_by_key ON queue_runtime.slots (key, id);
CREATE INDEX slots_by_job ON queue_runtime.slots (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX slots_expiring ON queue_runtime.slots (kind, expires_at)
  WHERE expires_at IS NOT NULL;

CREATE INDEX slots_fair ON queue_runtime.slots (since) WHERE kind = 'fair';

CREATE TABLE queue_runtime.unique_keys (
  job_id bigint NOT NULL,
  until bigint,
  held boolean NOT NULL,
  key text COLLATE "C" NOT NULL,
  states text[] NOT NULL,
  PRIMARY KEY (job_id, key)
) ${churning(5_000)};

CREATE UNIQUE INDEX unique_keys_held ON queue_runtime.unique_keys (key) WHERE held;
CREATE INDEX unique_keys_expiring ON queue_runtime.unique_keys (until) WHERE until IS NOT NULL;

CREATE TABLE queue_runtime.dependencies (
  job_id bigint NOT NULL,
  on_id bigint NOT NULL,
  if_fails text NOT NULL,
  PRIMARY KEY (job_id, on_id)
) ${churning(5_000)};

CREATE INDEX dependencies_by_target ON queue_runtime.dependencies (on_id, job_id);

CREATE TABLE queue_runtime.touched (job_id bigint NOT NULL) ${churning(500)};

CREATE TABLE queue_runtime.batches (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at bigint NOT NULL,
  finished_at bigint,
  state text NOT NULL DEFAULT 'open'
    CHECK (state IN ('open', 'sealed', 'succeeded', 'failed')),
  description text,
  metadata json,
  on_finish json,
  on_success json,
  on_failure json,
  callback_args json,
  error json,
  cleared_finished bigint NOT NULL DEFAULT 0,
  cleared_failed bigint NOT NULL DEFAULT 0,
  cleared_cancelled bigint NOT NULL DEFAULT 0
);

CREATE INDEX batches_by_state ON queue_runtime.batches (state, id);
CREATE INDEX batches_over ON queue_runtime.batches (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE queue_runtime.queue_settings (
  name text COLLATE "C" PRIMARY KEY,
  slots queue_runtime.slot_count,
  rate_limit queue_runtime.slot_count,
  rate_per_ms double precision CHECK (rate_per_ms > 0 AND rate_per_ms <= ${longest}),
  rate_burst queue_runtime.slot_count,
  fair boolean NOT NULL DEFAULT false,
  source text,
  applied boolean NOT NULL DEFAULT false,
  CONSTRAINT "rate.burst must divide rate.limit" CHECK (rate_limit % rate_burst = 0)
);

CREATE TABLE queue_runtime.concurrency_limits (
  name text COLLATE "C" PRIMARY KEY,
  slots queue_runtime.slot_count NOT NULL,
  source text
);
`;
