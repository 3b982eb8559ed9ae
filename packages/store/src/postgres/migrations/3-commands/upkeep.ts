// What people want of commands that takes more than a statement, and environments that nobody has
// any more.
//
// An environment is deleted by whoever finds it without a command and can lock it at once: somebody
// who is just adding a command with it has it locked. Nobody waits, so some are found only later,
// by the one who goes through all of them (`sweep_environments`). An index of their own would
// count them, and be written by every command.

import { safely } from "../2-flow/links.ts";

/** Two looks: the second sees what was committed while the locks were taken. */
const environments = `
CREATE FUNCTION queue_runtime.forget_environments(these bigint[]) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  free bigint[] := array(
    SELECT id FROM queue_runtime.environments AS own WHERE id = ANY (these) AND NOT EXISTS (
      SELECT FROM queue_runtime.commands WHERE environment_id = own.id)
    ORDER BY id FOR UPDATE SKIP LOCKED);
BEGIN
  IF free = '{}' THEN RETURN; END IF;
  DELETE FROM queue_runtime.environments AS own WHERE id = ANY (free) AND NOT EXISTS (
    SELECT FROM queue_runtime.commands WHERE environment_id = own.id);
END $$;

CREATE FUNCTION queue_runtime.sweep_environments(beyond bigint, most integer) RETURNS bigint
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  these bigint[] := array(SELECT id FROM queue_runtime.environments
    WHERE id > beyond ORDER BY id LIMIT most);
BEGIN
  PERFORM queue_runtime.forget_environments(these);
  RETURN CASE WHEN cardinality(these) >= most THEN these[most] ELSE 0 END;
END $$;`;

/**
 * Makes a command ready whose row is locked, whatever it waits for but slots. Answers the key that
 * it has no slot of; then nothing has changed.
 */
const force = `
CREATE FUNCTION queue_runtime.force_command(job bigint) RETURNS text
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  keys CONSTANT text[] := queue_runtime.lock_keys(
    array(SELECT key FROM queue_runtime.job_gates WHERE job_id = job), true);
  was CONSTANT text := (SELECT state FROM queue_runtime.jobs WHERE id = job);
  missing record;
BEGIN
  SELECT * INTO missing FROM queue_runtime.lacking(job, queue_runtime.clock_ms())
  ORDER BY is_free, place LIMIT 1;
  IF FOUND AND (was = 'blocked' OR NOT missing.is_free) THEN RETURN missing.gate_key; END IF;
  DELETE FROM queue_runtime.dependencies WHERE job_id = job;
  UPDATE queue_runtime.jobs SET state = 'ready', returned = true,
    run_at = least(run_at, queue_runtime.now_ms()) WHERE id = job;
  PERFORM queue_runtime.admit(job, keys);
  RETURN NULL;
END $$;

CREATE FUNCTION queue_runtime.force_commands(these bigint[])
RETURNS TABLE (job bigint, key text) LANGUAGE sql ${safely} AS $$
  SELECT id, queue_runtime.force_command(id) FROM unnest(these) WITH ORDINALITY AS each (id, number)
  ORDER BY number
$$;`;

export const upkeep: string = [environments, force].join("\n");
