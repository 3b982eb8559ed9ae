// Enqueueing commands, in one statement with their jobs. It runs with the rights of its caller: who
// may not write the tables of commands enqueues none. The functions of everybody refuse them still.
//
// The environments come first, before any row or key is locked: whoever waits for one that somebody
// else is just adding holds nothing yet. In the transaction of an application (not `ours`) nothing
// new is shared, so that nobody waits for it.

import { safely } from "../2-flow/links.ts";

const environment = `
CREATE FUNCTION queue_runtime.keep_environment(wanted text, given json, ours boolean)
RETURNS bigint LANGUAGE plpgsql ${safely} AS $$
DECLARE
  kept bigint;
BEGIN
  LOOP
    SELECT id INTO kept FROM queue_runtime.environments WHERE hash = wanted FOR KEY SHARE;
    EXIT WHEN FOUND;
    INSERT INTO queue_runtime.environments (hash, variables)
    VALUES (CASE WHEN ours THEN wanted END, given) ON CONFLICT DO NOTHING RETURNING id INTO kept;
    EXIT WHEN FOUND;
  END LOOP;
  RETURN kept;
END $$;`;

/** Nobody removes a group meanwhile. The sentence is that of ../../../rules/commands. */
const groups = `
CREATE FUNCTION queue_runtime.check_groups(jobs json) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  wanted text;
  names text[];
BEGIN
  FOR wanted IN
    SELECT DISTINCT coalesce(queue, 'default') COLLATE "C"
    FROM json_to_recordset(jobs) AS given (kind text, queue text)
    WHERE kind = 'command' ORDER BY 1
  LOOP
    PERFORM FROM queue_runtime.command_groups WHERE name = wanted FOR KEY SHARE;
    CONTINUE WHEN FOUND;
    names := array(SELECT name FROM queue_runtime.command_groups ORDER BY name);
    RAISE EXCEPTION 'the job cannot be enqueued: there is no group %; %: add it with '
      '\`runtime group add %\`', to_json(wanted), CASE cardinality(names)
        WHEN 1 THEN 'there is only ' ELSE 'there are ' END || array_to_string(names, ', '), wanted
      USING ERRCODE = 'QR002';
  END LOOP;
END $$;`;

const fields = `json_to_recordset(jobs) AS (kind text, after json, "ifDependencyFails" text,
      command json)`;
const commandOf = `json_to_record(given.command) AS command (line text, argv json,
      directory text, environment text, separate boolean, slots integer, "retryLimit" integer,
      "timeoutMs" bigint)`;

/**
 * One that takes the place of another keeps what that comes after. A new one may have failed
 * already: because a job has that it comes after.
 */
const insert = `
CREATE FUNCTION queue_runtime.insert_commands(jobs json, kept jsonb, ids bigint[], outcomes text[])
RETURNS void LANGUAGE plpgsql ${safely} AS $$
BEGIN
  INSERT INTO queue_runtime.commands (job_id, group_name, job_state, line, argv, directory,
    environment_id, separate, slots, retry_limit, timeout_ms, ended_by, untold)
  SELECT job.id, job.queue, job.state, command.line, command.argv, command.directory,
    (kept ->> command.environment)::bigint, command.separate, command.slots,
    command."retryLimit", command."timeoutMs",
    CASE job.state WHEN 'failed' THEN 'dependency' END, CASE job.state WHEN 'failed' THEN '' END
  FROM ROWS FROM (${fields}, unnest(ids), unnest(outcomes))
      AS given (kind, after, policy, command, id, outcome)
    CROSS JOIN LATERAL ${commandOf}
    CROSS JOIN LATERAL (
      SELECT id, queue, state FROM queue_runtime.jobs WHERE id = given.id
      UNION ALL SELECT id, queue, state FROM queue_runtime.ended_jobs WHERE id = given.id
    ) AS job
  WHERE given.kind = 'command' AND given.outcome = 'created';
  INSERT INTO queue_runtime.command_after (job_id, on_id, if_fails)
  SELECT given.id, on_id::bigint, coalesce(given.policy, 'fail')
  FROM ROWS FROM (${fields}, unnest(ids), unnest(outcomes))
      AS given (kind, after, policy, command, id, outcome),
    json_array_elements_text(given.after) AS on_id
  WHERE given.kind = 'command' AND given.outcome = 'created';
  UPDATE queue_runtime.commands AS old SET line = command.line, argv = command.argv,
    directory = command.directory, environment_id = (kept ->> command.environment)::bigint,
    separate = command.separate, slots = command.slots, retry_limit = command."retryLimit",
    timeout_ms = command."timeoutMs"
  FROM ROWS FROM (${fields}, unnest(ids), unnest(outcomes))
      AS given (kind, after, policy, command, id, outcome)
    CROSS JOIN LATERAL ${commandOf}
  WHERE given.kind = 'command' AND given.outcome = 'replaced' AND old.job_id = given.id;
END $$;`;

/** `environments`: by hash. `linked`: some of them are tied to other jobs. */
const enqueue = `
CREATE FUNCTION queue_runtime.enqueue_commands(
  jobs json, args json, environments json, linked boolean, ours boolean
) RETURNS TABLE (id bigint, state text, outcome text) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  kept jsonb;
  ids bigint[];
  states text[];
  outcomes text[];
BEGIN
  IF json_array_length(jobs) = 0 THEN RETURN; END IF;
  -- or else it would be told that it may not read the tables of commands
  IF has_column_privilege('queue_runtime.jobs', 'kind', 'INSERT')
    AND NOT has_column_privilege('queue_runtime.jobs', 'kind', 'UPDATE')
  THEN
    PERFORM queue_runtime.refuse_kind('command');
  END IF;
  SELECT jsonb_object_agg(hash, queue_runtime.keep_environment(hash, variables, ours)) INTO kept
  FROM (SELECT key AS hash, value AS variables FROM json_each(environments)
    ORDER BY key COLLATE "C" OFFSET 0) AS given;
  BEGIN
    PERFORM queue_runtime.check_groups(jobs);
  EXCEPTION WHEN SQLSTATE 'QR002' THEN
    IF ours THEN RAISE; END IF;
    RETURN QUERY SELECT NULL::bigint, SQLERRM, 'invalid';
    RETURN;
  END;
  IF linked THEN
    SELECT array_agg(job.id ORDER BY number), array_agg(job.state ORDER BY number),
      array_agg(job.outcome ORDER BY number) INTO ids, states, outcomes
    FROM queue_runtime.enqueue_linked_any(jobs, args, NOT ours) WITH ORDINALITY
      AS job (id, state, outcome, number);
  ELSE
    SELECT array_agg(job.id ORDER BY number), array_agg(job.state ORDER BY number),
      array_agg('created'::text) INTO ids, states, outcomes
    FROM queue_runtime.enqueue_any(jobs, args) WITH ORDINALITY AS job (id, state, number);
  END IF;
  IF ids[1] IS NOT NULL THEN
    PERFORM queue_runtime.insert_commands(jobs, kept, ids, outcomes);
  END IF;
  RETURN QUERY SELECT * FROM unnest(ids, states, outcomes);
END $$;`;

export const enqueueing: string = [environment, groups, insert, enqueue].join("\n");
