// The tables of commands. A command is a job like any other, in whichever of the two tables it is;
// what only commands have stays in a row of its own for as long as the job is in either. Group and
// state are copied there, so that no index of jobs has to know of commands: jobs of modules pay for
// nothing here.
//
// An environment is stored once, whoever has it. One without a hash is of the open transaction of
// an application, and of nobody else: two who add the same one wait for each other. What a command
// comes after is written twice: `dependencies` says for whom it still waits, `command_after` what
// it was told, so that it can be run again in place.

const churning = (threshold: number): string => `WITH (fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = ${threshold},
  autovacuum_vacuum_cost_delay = 0)`;

/** Small letters: of all scripts where the server has them, which no setting of a database says. */
const folding = `
DO $do$ DECLARE
  rules text := CASE WHEN EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu'
    AND collnamespace = 'pg_catalog'::regnamespace) THEN ' COLLATE pg_catalog."und-x-icu"'
    ELSE '' END;
BEGIN
  EXECUTE 'CREATE FUNCTION queue_runtime.folded(value text) RETURNS text LANGUAGE sql IMMUTABLE
    PARALLEL SAFE RETURN lower(value' || rules || ') COLLATE "C"';
END $do$;`;

export const tables: string = `
CREATE TABLE queue_runtime.environments (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hash text COLLATE "C" UNIQUE,
  variables json NOT NULL
);

CREATE TABLE queue_runtime.commands (
  job_id bigint PRIMARY KEY,
  environment_id bigint NOT NULL,
  timeout_ms bigint,
  start_ticks bigint,
  locked_until bigint,
  pid integer,
  slot integer,
  slots integer NOT NULL,
  retry_limit integer NOT NULL,
  exit_code integer,
  separate boolean NOT NULL,
  paused boolean NOT NULL DEFAULT false,
  adopted boolean NOT NULL DEFAULT false,
  group_name text COLLATE "C" NOT NULL,
  job_state text NOT NULL,
  line text COLLATE "C" NOT NULL,
  argv json,
  directory text COLLATE "C" NOT NULL,
  boot_id text,
  host text,
  signal text,
  ended_by text,
  signals_sent json NOT NULL DEFAULT '[]',
  lock_owner text,
  untold text COLLATE "C"
) ${churning(2_000)};

CREATE INDEX commands_by_state ON queue_runtime.commands (job_state, job_id);
CREATE INDEX commands_by_group ON queue_runtime.commands (group_name, job_state, job_id);
CREATE INDEX commands_untold ON queue_runtime.commands (untold) WHERE untold IS NOT NULL;
CREATE INDEX commands_by_environment ON queue_runtime.commands (environment_id, job_id);

CREATE TABLE queue_runtime.command_after (
  job_id bigint NOT NULL,
  on_id bigint NOT NULL,
  if_fails text NOT NULL,
  PRIMARY KEY (job_id, on_id)
);

CREATE INDEX command_after_by_target ON queue_runtime.command_after (on_id, job_id);

CREATE TABLE queue_runtime.command_groups (
  name text COLLATE "C" PRIMARY KEY,
  slots integer NOT NULL CHECK (slots >= 0),
  pause_on_failure boolean NOT NULL
);

INSERT INTO queue_runtime.command_groups (name, slots, pause_on_failure)
VALUES ('default', 1, false);
${folding}`;
