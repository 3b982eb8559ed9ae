// Slots, unique keys, dependencies, batches, and what a job without any of them pays for that: one
// column that is 0, and the WHEN of the triggers (2-triggers.ts).
//
// There are no counters. A slot that is there is held or rests. What cannot disagree with itself
// needs no repair. `slots_by_key` is what is counted, and a count stops at the limit;
// `job_gates_waiting` is the line of those who wait, best first, and `job_gates_widest` says that
// none of them sees more slots than are taken, which is nearly always so. Jobs of one `shape` have
// the same gates, so that nobody has to ask for each of them (flow/slots/line.ts). A job that has
// waited for long `since` it was blocked keeps slots (flow/slots/keep.ts); few ever do. A slot that
// is lent belongs to a run that had begun before its queue had slots, and ends with it.
//
// A job has its unique keys for as long as its row is there; that at most one job of a key holds
// it is kept by the index `unique_keys_held`. A batch counts the jobs that retention took from it.
//
// Among ready jobs of one priority the older goes first, by its id. Where keys take turns, a job
// goes by the place it was given when its key's turn came: a number between two ids. The indexes
// are of an expression: a generated column would be computed for every row that is written.

import { recurringTables } from "./2-recurring.ts";
import { linkTriggers } from "./2-triggers.ts";

/** What orders ready jobs of one priority. */
export const turn = "coalesce(place, id)";

export const flow: string = `
ALTER TABLE jobs ADD COLUMN linked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN batch_id INTEGER;
ALTER TABLE jobs ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0;

ALTER TABLE jobs ADD COLUMN place REAL;

CREATE TABLE places (last REAL NOT NULL) STRICT;
INSERT INTO places VALUES (0.5);

DROP INDEX jobs_ready;
DROP INDEX jobs_ready_by_priority;
DROP INDEX jobs_suspect;
CREATE INDEX jobs_ready ON jobs (queue, name, priority, ${turn}, run_at)
  WHERE state = 'ready' AND suspect = 0;
CREATE INDEX jobs_ready_by_priority ON jobs (priority, ${turn})
  WHERE state = 'ready' AND suspect = 0;
CREATE INDEX jobs_suspect ON jobs (queue, name, priority, ${turn}, run_at)
  WHERE state = 'ready' AND suspect = 1;

CREATE INDEX jobs_by_batch ON jobs (batch_id, state) WHERE batch_id IS NOT NULL;

CREATE TABLE job_gates (
  job_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  slots INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  on_conflict TEXT NOT NULL,
  name TEXT NOT NULL,
  priority INTEGER NOT NULL,
  waits INTEGER NOT NULL DEFAULT 0,
  since INTEGER,
  keeps INTEGER NOT NULL DEFAULT 0,
  shape INTEGER NOT NULL,
  PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_gates_waiting ON job_gates (key, priority, job_id) WHERE waits = 1;
CREATE INDEX job_gates_shapes ON job_gates (key, shape, priority, job_id) WHERE waits = 1;
CREATE INDEX job_gates_widest ON job_gates (key, name, slots, kind) WHERE waits = 1;
CREATE INDEX job_gates_kept ON job_gates (key, priority, job_id) WHERE keeps = 1;
CREATE INDEX job_gates_rated ON job_gates (key) WHERE waits = 1 AND kind = 'rate';

CREATE TABLE slots (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  kind TEXT NOT NULL,
  job_id INTEGER,
  since INTEGER NOT NULL,
  expires_at INTEGER,
  begun_by INTEGER,
  lent INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX slots_by_key ON slots (key, job_id, expires_at);
CREATE INDEX slots_by_job ON slots (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX slots_resting ON slots (expires_at) WHERE job_id IS NULL;

CREATE TABLE unique_keys (
  job_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  states TEXT NOT NULL,
  until INTEGER,
  held INTEGER NOT NULL,
  PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX unique_keys_held ON unique_keys (key) WHERE held = 1;
CREATE INDEX unique_keys_expiring ON unique_keys (until) WHERE until IS NOT NULL;

CREATE TABLE dependencies (
  job_id INTEGER NOT NULL,
  on_id INTEGER NOT NULL,
  if_fails TEXT NOT NULL,
  PRIMARY KEY (job_id, on_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX dependencies_by_target ON dependencies (on_id);

CREATE TABLE batches (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  description TEXT,
  metadata TEXT,
  state TEXT NOT NULL DEFAULT 'open',
  on_finish TEXT,
  on_success TEXT,
  on_failure TEXT,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  cleared_finished INTEGER NOT NULL DEFAULT 0,
  cleared_failed INTEGER NOT NULL DEFAULT 0,
  cleared_cancelled INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX batches_by_state ON batches (state, id);
CREATE INDEX batches_over ON batches (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE queue_settings (
  name TEXT PRIMARY KEY,
  slots INTEGER,
  rate_limit INTEGER,
  rate_per_ms REAL,
  rate_burst INTEGER,
  fair INTEGER NOT NULL,
  source TEXT,
  applied INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE concurrency_limits (
  name TEXT PRIMARY KEY,
  slots INTEGER NOT NULL,
  source TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE touched (
  job_id INTEGER PRIMARY KEY,
  outcome TEXT,
  batch_id INTEGER
) STRICT;

${linkTriggers}

${recurringTables}
`;
