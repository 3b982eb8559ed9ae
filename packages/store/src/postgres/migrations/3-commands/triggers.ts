// What a change of a job means for its command, by the triggers that look at linked jobs anyway:
// every command is one. So it is true whoever makes the change, and jobs of modules pay nothing.
//
// The bit is set by the trigger that says who may insert a command at all. A run that begins knows
// nothing of the last one; of the end of a run only the state is written here, the rest by who saw
// it. The row goes when the job is in neither table any more.
//
// A command that fails may pause its group, in the same commit, so that nothing begins in between.
// Nobody waits for whoever is pausing the same group just now: both may want a row of the other.

import { settleWaiting } from "../2-flow/ends.ts";
import { replaceJob } from "../2-flow/enqueue/replace.ts";
import { asOwner, links, safely } from "../2-flow/links.ts";
import { reconcileSome } from "../2-flow/reconcile.ts";
import { jobMoves, keepTheirs, linkedJobIsForgotten, linkedJobLeaves } from "../2-flow/triggers.ts";
import { keepUniques } from "../2-flow/uniques.ts";

const admission = `
CREATE OR REPLACE FUNCTION queue_runtime.admit_job() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.id > ${Number.MAX_SAFE_INTEGER} THEN
    RAISE EXCEPTION 'the job cannot be enqueued: id must be at most 2^53 - 1'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NEW.kind <> 'module' THEN
    IF NOT has_column_privilege(TG_RELID, 'kind', 'UPDATE') THEN
      PERFORM queue_runtime.refuse_kind(NEW.kind);
    END IF;
    NEW.linked := NEW.linked | ${links.command};
  END IF;
  RETURN NEW;
END $$;`;

/** What is known of a run, as before it began. */
export const noRun = `pid = NULL, start_ticks = NULL, boot_id = NULL, host = NULL,
      slot = NULL, paused = false, adopted = false, exit_code = NULL, signal = NULL,
      ended_by = NULL, signals_sent = '[]', untold = NULL`;

/** A job that took the place of another has lost the bit. */
const moves = `
  IF NEW.kind = 'command' THEN
    NEW.linked := NEW.linked | ${links.command};
    IF NEW.state = 'running' THEN
      UPDATE queue_runtime.commands SET job_state = NEW.state, ${noRun} WHERE job_id = NEW.id;
    ELSE
      UPDATE queue_runtime.commands SET job_state = NEW.state, group_name = NEW.queue
      WHERE job_id = NEW.id;
    END IF;
  END IF;`;

const ends = `
  IF OLD.kind = 'command' THEN
    PERFORM queue_runtime.command_ended(OLD.id, OLD.queue, OLD.state, ended.state);
  END IF;`;

/** Unlike a job of a module, a command may run again when it has finished. */
const comebacks = [
  `\nCREATE ${keepUniques("keep_command_uniques", "false")}`,
  anew(reconcileSome("(state <> 'finished' OR kind = 'command')")),
].join("\n");

const keep = `IF OLD.kind = 'command' THEN
      PERFORM queue_runtime.keep_command_uniques(OLD.id, ended.state);
    ELSE
      ${keepTheirs}
    END IF;`;

const forget = `
CREATE FUNCTION queue_runtime.forget_command(job bigint) RETURNS void
LANGUAGE sql ${safely} AS $$
  DELETE FROM queue_runtime.command_after WHERE job_id = job;
  DELETE FROM queue_runtime.commands WHERE job_id = job;
$$;

CREATE FUNCTION queue_runtime.command_ended(job bigint, queue text, was text, now_in text)
RETURNS void LANGUAGE plpgsql ${safely} AS $$
BEGIN
  IF now_in IS NULL THEN
    PERFORM queue_runtime.forget_command(job);
    RETURN;
  END IF;
  UPDATE queue_runtime.commands SET job_state = now_in, ended_by = CASE
    WHEN now_in = 'cancelled' AND was <> 'running' AND NOT EXISTS (
      SELECT FROM queue_runtime.ended_jobs WHERE id = job AND error ->> 'name' = 'ConflictError')
    THEN 'person' ELSE ended_by END
  WHERE job_id = job;
  IF was = 'running' AND now_in = 'failed'
    AND EXISTS (SELECT FROM queue_runtime.command_groups
      WHERE name = command_ended.queue AND pause_on_failure)
    AND NOT EXISTS (SELECT FROM queue_runtime.paused_queues WHERE name = command_ended.queue)
    AND pg_try_advisory_xact_lock(hashtextextended('queue_runtime pause ' || queue, 4))
  THEN
    INSERT INTO queue_runtime.paused_queues (name, paused_at)
    VALUES (queue, queue_runtime.now_ms()) ON CONFLICT DO NOTHING;
  END IF;
END $$;`;

const comesBack = `
  IF OLD.kind = 'command' THEN
    IF live.state IS NULL THEN
      PERFORM queue_runtime.forget_command(OLD.id);
    ELSE
      UPDATE queue_runtime.commands SET job_state = live.state WHERE job_id = OLD.id;
    END IF;
  END IF;`;

/** The bit of a command is there whoever inserted it. */
const isUnlinked = `live.linked <> OLD.linked AND live.linked & ~${links.command} = 0`;

/**
 * In a paused group nobody is failed for what he waits for: a person may mend that. Whoever resumes
 * the group waits for those who rely on its pause, and takes up what they left.
 */
const spared = `
    PERFORM FROM queue_runtime.paused_queues WHERE name = (SELECT queue FROM queue_runtime.jobs
      WHERE id = broken.job_id AND kind = 'command') FOR KEY SHARE;
    CONTINUE WHEN FOUND;`;

const told = `
      UPDATE queue_runtime.commands SET ended_by = 'dependency', untold = ''
      WHERE job_id = broken.job_id;`;

const resumed = `
CREATE FUNCTION queue_runtime.group_resumed() RETURNS trigger LANGUAGE plpgsql ${asOwner} AS $$
BEGIN
  INSERT INTO queue_runtime.touched (job_id)
  SELECT job_id FROM queue_runtime.commands AS command
  WHERE group_name = OLD.name AND job_state = 'waiting' AND EXISTS (
    SELECT FROM queue_runtime.dependencies AS dependency WHERE dependency.job_id = command.job_id
      AND NOT EXISTS (SELECT FROM queue_runtime.jobs AS target WHERE target.id = on_id))
  ORDER BY job_id;
  RETURN NULL;
END $$;

CREATE TRIGGER paused_queues_resumed AFTER DELETE ON queue_runtime.paused_queues FOR EACH ROW
EXECUTE FUNCTION queue_runtime.group_resumed();

REVOKE ALL ON FUNCTION queue_runtime.group_resumed() FROM PUBLIC;`;

/** A command never becomes a job of a module, nor the other way round. */
const otherKind = `IF NOT EXISTS (SELECT FROM queue_runtime.jobs
    WHERE id = job AND kind = coalesce(element ->> 'kind', 'module')) THEN RETURN 'exists'; END IF;`;

function anew(body: string): string {
  return `\nCREATE OR REPLACE ${body}`;
}

export const triggers: string = [
  admission,
  forget,
  anew(jobMoves(moves)),
  comebacks,
  anew(linkedJobLeaves({ last: ends, keep })),
  anew(linkedJobIsForgotten({ first: comesBack, isUnlinked })),
  anew(settleWaiting({ before: spared, after: told })),
  anew(replaceJob(otherKind)),
  resumed,
].join("\n");
