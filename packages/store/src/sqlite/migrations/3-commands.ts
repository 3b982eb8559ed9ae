// What is stored of shell commands, beside their jobs.
//
// A command is a job like any other, and plain jobs must not pay for it: no index of `jobs` knows
// of commands, and no statement of theirs looks for one. So what the list of commands is read by,
// its group and its state, is copied here. The copy of the state is kept by the trigger of linked
// jobs (every command is one), as everything is that has to be true whoever makes a change.
//
// An environment is stored once, whoever has it: a hundred thousand commands from one shell have
// one. It goes with the last command that refers to it. What a command comes after is written
// twice: `dependencies` says for whom it still waits, `command_after` what it was told, for as
// long as it is there, so that it can be run again in place.
//
// `untold`: the host that owes somebody a word of an end; empty: whichever host comes first.
//
// A pause is told to dependants when it ends: in a paused group they are not failed (links/
// dependencies.ts), so that somebody can mend what they wait for.

import { moved } from "./2-triggers.ts";

const copyState = `UPDATE commands SET job_state = (SELECT state FROM jobs WHERE id = NEW.id)
    WHERE job_id = NEW.id;`;

/** Nothing more begins in a group that wants it so, from the same commit on. */
const pauseOnFailure = `INSERT OR IGNORE INTO paused_queues (name, paused_at)
    SELECT queue, finished_at FROM jobs CROSS JOIN command_groups AS own ON own.name = queue
    WHERE NEW.came_from = 'running' AND NEW.state = 'failed' AND jobs.id = NEW.id
      AND kind = 'command' AND pause_on_failure = 1;`;

const unreferenced = `DELETE FROM environments WHERE id = OLD.environment_id
    AND NOT EXISTS (SELECT 1 FROM commands WHERE environment_id = OLD.environment_id);`;

export const commands: string = `
CREATE TABLE environments (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  variables TEXT NOT NULL
) STRICT;

CREATE TABLE commands (
  job_id INTEGER PRIMARY KEY,
  group_name TEXT NOT NULL,
  job_state TEXT NOT NULL,
  line TEXT NOT NULL,
  argv TEXT,
  directory TEXT NOT NULL,
  environment_id INTEGER NOT NULL,
  separate INTEGER NOT NULL,
  slots INTEGER NOT NULL,
  retry_limit INTEGER NOT NULL,
  timeout_ms INTEGER,
  pid INTEGER,
  start_ticks INTEGER,
  boot_id TEXT,
  host TEXT,
  slot INTEGER,
  paused INTEGER NOT NULL DEFAULT 0,
  adopted INTEGER NOT NULL DEFAULT 0,
  exit_code INTEGER,
  signal TEXT,
  ended_by TEXT,
  signals_sent TEXT NOT NULL DEFAULT '[]',
  lock_owner TEXT,
  locked_until INTEGER,
  untold TEXT
) STRICT;

CREATE INDEX commands_by_state ON commands (job_state);
CREATE INDEX commands_by_group ON commands (group_name, job_state);
CREATE INDEX commands_untold ON commands (untold) WHERE untold IS NOT NULL;
CREATE INDEX commands_by_environment ON commands (environment_id);

CREATE TABLE command_after (
  job_id INTEGER NOT NULL,
  on_id INTEGER NOT NULL,
  if_fails TEXT NOT NULL,
  PRIMARY KEY (job_id, on_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX command_after_by_target ON command_after (on_id);

CREATE TABLE command_groups (
  name TEXT PRIMARY KEY,
  slots INTEGER NOT NULL,
  pause_on_failure INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO command_groups (name, slots, pause_on_failure) VALUES ('default', 1, 0);

CREATE TRIGGER command_jobs_gone
AFTER DELETE ON jobs
WHEN OLD.kind = 'command'
BEGIN
  DELETE FROM commands WHERE job_id = OLD.id;
  DELETE FROM command_after WHERE job_id = OLD.id;
END;

CREATE TRIGGER commands_gone
AFTER DELETE ON commands
BEGIN
  ${unreferenced}
END;

CREATE TRIGGER commands_changed
AFTER UPDATE OF environment_id ON commands
WHEN OLD.environment_id <> NEW.environment_id
BEGIN
  ${unreferenced}
END;

CREATE TRIGGER queues_resumed
AFTER DELETE ON paused_queues
BEGIN
  INSERT INTO touched (job_id)
    SELECT DISTINCT commands.job_id FROM commands INDEXED BY commands_by_group
    CROSS JOIN dependencies ON dependencies.job_id = commands.job_id
    LEFT JOIN jobs ON jobs.id = on_id
    WHERE group_name = OLD.name AND job_state = 'waiting' AND if_fails = 'fail'
      AND (jobs.id IS NULL OR jobs.state = 'failed' OR jobs.state = 'cancelled')
    ON CONFLICT DO NOTHING;
END;

DROP TRIGGER linked_job_moved;
${moved([copyState, pauseOnFailure])}
`;
