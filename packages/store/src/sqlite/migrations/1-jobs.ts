// The first schema. A migration that was released is never edited: a change is a new one.
//
// Every index of jobs is partial: a job is in few of them at a time, and those that ended, which
// are most, in one. `jobs_ready` begins with (queue, name), so that a claim walks straight to the
// jobs it may take, whatever waits beside them: jobs of paused queues, or with names nobody here
// knows. It carries run_at for the latency of a queue. Suspects (job.ts: one crash short of the
// limit) are kept apart, so that looking for them costs one step into an empty index; they are a
// column because an index with a condition of equalities is enough by itself to answer from.
//
// Conditions are chains of OR because SQLite builds a table for each list behind IN, each time a
// statement runs: with lists, a claim or a settlement took twice as long. Most indexes add 2 % to
// the hot path, `jobs_ready` 16 % and the trigger 10 %; CHECK and STRICT cost nothing measurable.

import { jobStates } from "../../job.ts";
import { isOneOf, transitionTrigger } from "./transitions.ts";

export const jobs: string = `
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  queue TEXT NOT NULL,
  state TEXT NOT NULL CHECK (${isOneOf("state", jobStates)}),
  args TEXT,
  priority INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  interruptions INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  crashes_since_checkpoint INTEGER NOT NULL DEFAULT 0,
  suspect INTEGER NOT NULL AS (crashes_since_checkpoint >= 2) VIRTUAL,
  fence INTEGER NOT NULL DEFAULT 0,
  process_id INTEGER,
  cursor TEXT,
  progress_done REAL NOT NULL DEFAULT 0,
  progress_total REAL,
  concurrency_key TEXT,
  unique_key TEXT,
  label TEXT,
  run_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  cancel_requested_at INTEGER,
  error TEXT,
  result TEXT,
  CHECK ((state = 'running') = (process_id IS NOT NULL))
) STRICT;

CREATE INDEX jobs_ready ON jobs (queue, name, priority, id, run_at)
  WHERE state = 'ready' AND suspect = 0;
CREATE INDEX jobs_ready_by_priority ON jobs (priority, id)
  WHERE state = 'ready' AND suspect = 0;
CREATE INDEX jobs_suspect ON jobs (queue, name, priority, id, run_at)
  WHERE state = 'ready' AND suspect = 1;
CREATE INDEX jobs_waiting ON jobs (state, run_at)
  WHERE state = 'scheduled' OR state = 'blocked' OR state = 'waiting' OR state = 'held';
CREATE INDEX jobs_running ON jobs (process_id, cancel_requested_at)
  WHERE process_id IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (state, finished_at) WHERE finished_at IS NOT NULL;

${transitionTrigger}

CREATE TABLE job_errors (
  id INTEGER PRIMARY KEY,
  job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  error TEXT NOT NULL
) STRICT;

CREATE INDEX job_errors_by_job ON job_errors (job_id, id);

CREATE TABLE processes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  supervisor_id INTEGER,
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  start_ticks INTEGER NOT NULL,
  queues TEXT NOT NULL,
  names TEXT NOT NULL DEFAULT '[]',
  state TEXT NOT NULL DEFAULT 'starting',
  rss_bytes INTEGER,
  heartbeat_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE paused_queues (
  name TEXT PRIMARY KEY,
  paused_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
