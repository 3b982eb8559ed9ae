// Recurring tasks, and the ledger of their ticks; part of migration 2.
//
// The version of a task is its row's id and a change is a new row, so that no version is ever given
// twice: not even when a task is removed and defined again between two looks of a scheduler. The
// ledger knows nothing of jobs but their ids: who ran when must not depend on what is kept of them.

export const recurringTables: string = `
CREATE TABLE recurring_tasks (
  version INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  schedule TEXT NOT NULL,
  time_zone TEXT,
  job TEXT NOT NULL,
  description TEXT,
  catch_up TEXT NOT NULL CHECK (catch_up = 'none' OR catch_up = 'one' OR catch_up = 'all'),
  paused INTEGER NOT NULL DEFAULT 0,
  since INTEGER NOT NULL,
  last_tick_at INTEGER
) STRICT;

CREATE TABLE recurring_ticks (
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  job_id INTEGER,
  PRIMARY KEY (key, at)
) STRICT, WITHOUT ROWID;

CREATE INDEX recurring_ticks_by_age ON recurring_ticks (recorded_at);
`;
