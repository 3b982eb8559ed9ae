// Jobs that end without a run: because a job failed that they come after, or for want of a slot.
// And batches, which are over when all their jobs are.
//
// Whether a dependant may go on is decided while its own row is locked: of two jobs that end at
// once, the second then sees what the first has settled. Who begins to wait locks those it comes
// after, before anything else: each of them either has ended, and is found so, or will end later,
// in a transaction that sees who waits. They are marked, so that their ends are noticed. All take
// these locks by ascending ids, and whoever would end a job that is locked so leaves it for the
// next.
//
// A batch is decided by one after the other, who sees what those before him have settled. Nobody
// waits for its row, because those who add jobs in a transaction of their own may hold it for long:
// who does not get it leaves the batch for the next.
// While many jobs of a batch are alive, its row is not asked for at all.

import { links, lockedKeys, notBegun, safely } from "./links.ts";
import { kept } from "./tables.ts";

const errorOf = (name: string, message: string): string => `json_build_object('name', '${name}',
  'message', ${message}, 'code', NULL, 'stack', NULL, 'cause', NULL)`;

const end = `
CREATE FUNCTION queue_runtime.end_job(job bigint, how text, why json) RETURNS boolean
LANGUAGE plpgsql ${safely} AS $$
BEGIN
  WITH mine AS MATERIALIZED (
    SELECT id, state FROM queue_runtime.jobs WHERE id = job AND state <> 'running'
    FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM queue_runtime.jobs WHERE id = (SELECT id FROM mine) RETURNING *
  )
  INSERT INTO queue_runtime.ended_jobs (${kept}, state, error, ended_from, finished_at)
  SELECT ${kept}, how, why, state, queue_runtime.clock_ms() FROM gone;
  RETURN FOUND;
END $$;`;

/** What a later migration has it do about a job `broken.job_id` before and after it is failed. */
interface Breaking {
  readonly before: string;
  readonly after: string;
}

/**
 * Rows are locked before keys: where a key is locked already, it is left for the next. New jobs
 * `must` know, and wait for nobody: what they come after has ended. Without CREATE.
 */
export const settleWaiting = ({
  before,
  after,
}: Breaking): string => `FUNCTION queue_runtime.settle_waiting(work bigint[], must boolean) RETURNS boolean
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  waiting bigint[];
  broken record;
BEGIN
  IF NOT must AND current_setting(${lockedKeys}, true) <> '' THEN
    INSERT INTO queue_runtime.touched (job_id)
    SELECT on_id FROM queue_runtime.dependencies AS dependency WHERE on_id = ANY (work)
      AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = dependency.on_id)
    UNION SELECT id FROM queue_runtime.jobs WHERE id = ANY (work) AND state = 'waiting';
    RETURN NOT FOUND;
  END IF;
  PERFORM FROM queue_runtime.jobs WHERE id IN (
    SELECT on_id FROM queue_runtime.dependencies JOIN queue_runtime.jobs AS job ON job.id = job_id
    WHERE job_id = ANY (work) AND job.state = 'waiting')
  ORDER BY id FOR KEY SHARE;
  waiting := array(
    SELECT job_id FROM queue_runtime.dependencies AS dependency WHERE on_id = ANY (work)
      AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = dependency.on_id)
    UNION SELECT id FROM queue_runtime.jobs WHERE id = ANY (work) AND state = 'waiting');
  IF waiting = '{}' THEN RETURN true; END IF;
  PERFORM FROM queue_runtime.jobs WHERE id = ANY (waiting) ORDER BY id FOR NO KEY UPDATE;
  PERFORM FROM queue_runtime.jobs WHERE linked & ${links.dependency} = 0 AND id IN (
    SELECT on_id FROM queue_runtime.dependencies WHERE job_id = ANY (waiting))
  ORDER BY id FOR NO KEY UPDATE;
  UPDATE queue_runtime.jobs SET linked = linked | ${links.dependency}
  WHERE linked & ${links.dependency} = 0 AND id IN (
    SELECT on_id FROM queue_runtime.dependencies WHERE job_id = ANY (waiting));
  DELETE FROM queue_runtime.dependencies AS dependency WHERE job_id = ANY (waiting)
    AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = dependency.on_id)
    AND (if_fails = 'run'
      OR EXISTS (SELECT FROM queue_runtime.ended_jobs
        WHERE id = dependency.on_id AND state = 'finished')
      OR NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = dependency.job_id));
  FOR broken IN
    SELECT DISTINCT ON (job_id) job_id, on_id,
      coalesce((SELECT state FROM queue_runtime.ended_jobs WHERE id = on_id), 'discarded') AS state
    FROM queue_runtime.dependencies JOIN queue_runtime.jobs AS job ON job.id = job_id
    WHERE job_id = ANY (waiting) AND job.state = 'waiting'
      AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = on_id)
    ORDER BY job_id, on_id
  LOOP${before}
    IF queue_runtime.end_job(broken.job_id, 'failed', ${errorOf(
      "DependencyError",
      `'job ' || broken.on_id || ', which it comes after, '
        || CASE broken.state WHEN 'failed' THEN 'failed' ELSE 'was ' || broken.state END`,
    )}) THEN
      DELETE FROM queue_runtime.dependencies WHERE job_id = broken.job_id;${after}
    ELSE
      INSERT INTO queue_runtime.touched (job_id) VALUES (broken.job_id);
    END IF;
  END LOOP;
  UPDATE queue_runtime.jobs AS job SET returned = true,
    state = CASE WHEN run_at > queue_runtime.clock_ms() THEN 'scheduled' ELSE 'ready' END
  WHERE id = ANY (waiting) AND state = 'waiting'
    AND NOT EXISTS (SELECT FROM queue_runtime.dependencies WHERE job_id = job.id);
  RETURN true;
END $$;`;

/** A job that was due and found no slot: its policies are applied, if it has any. */
const policies = `
CREATE FUNCTION queue_runtime.apply_policies(work bigint[]) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  blocked bigint;
  taken text;
  other bigint;
  others bigint[];
  stays bigint;
BEGIN
  FOR blocked IN
    SELECT id FROM queue_runtime.jobs AS job
    WHERE id = ANY (work) AND state = 'blocked'
      AND EXISTS (SELECT FROM queue_runtime.job_gates
        WHERE job_id = job.id AND on_conflict <> 'block')
    ORDER BY id
  LOOP
    -- one before it may have come in its place
    CONTINUE WHEN NOT EXISTS (
      SELECT FROM queue_runtime.jobs WHERE id = blocked AND state = 'blocked');
    SELECT gate_key INTO taken FROM queue_runtime.lacking(blocked, queue_runtime.clock_ms())
    WHERE NOT is_free AND policy IN ('discard', 'fail') ORDER BY place LIMIT 1;
    IF FOUND THEN
      -- who has its row locked may be slow: it is asked again
      IF NOT queue_runtime.end_job(blocked, 'cancelled', ${errorOf(
        "ConflictError",
        "'no slot of ' || taken || ' was free when it was due'",
      )}) THEN
        INSERT INTO queue_runtime.touched (job_id) VALUES (blocked);
      END IF;
      CONTINUE;
    END IF;
    FOR taken IN
      SELECT gate_key FROM queue_runtime.lacking(blocked, queue_runtime.clock_ms())
      WHERE NOT is_free AND policy = 'replace' ORDER BY place
    LOOP
      others := array(
        SELECT id FROM queue_runtime.jobs WHERE ${notBegun}
          AND state IN ('ready', 'blocked') AND id IN (
            SELECT job_id FROM queue_runtime.slots WHERE key = taken
            UNION SELECT job_id FROM queue_runtime.job_gates WHERE key = taken AND waits)
        ORDER BY id);
      -- one that learned of its policy from a worker has come when it was enqueued
      stays := CASE WHEN (SELECT started_at FROM queue_runtime.jobs WHERE id = blocked) IS NULL
        THEN blocked ELSE others[cardinality(others)] END;
      FOREACH other IN ARRAY others LOOP
        CONTINUE WHEN other = stays;
        PERFORM queue_runtime.end_job(other, 'cancelled', ${errorOf(
          "ConflictError",
          "'a newer job of ' || taken || ' came in its place'",
        )});
      END LOOP;
      EXIT WHEN stays <> blocked;
    END LOOP;
    UPDATE queue_runtime.job_gates SET on_conflict = 'block'
    WHERE job_id = blocked AND on_conflict <> 'block';
  END LOOP;
END $$;`;

/** While more of its jobs are alive, a batch is not over for a while. */
const many = 500;

/** It was checked when the batch was opened; if it is wrong all the same, only the batch fails. */
const callBack = `
CREATE FUNCTION queue_runtime.call_back(job json, args json) RETURNS json
LANGUAGE plpgsql ${safely} AS $$
BEGIN
  PERFORM FROM queue_runtime.insert_linked(json_build_array(job), json_build_array(args));
  RETURN NULL;
EXCEPTION
  WHEN data_exception OR integrity_constraint_violation OR SQLSTATE 'QR001' OR SQLSTATE 'QR002' THEN
    RETURN ${errorOf("BatchError", "'a callback cannot be enqueued: ' || SQLERRM")};
END $$;`;

/** Who does not get the lock in time finds the row of the batch locked. */
const batchWaitsMs = 500;

const closeBatch = `
CREATE FUNCTION queue_runtime.wait_for_batch(batch bigint) RETURNS void
LANGUAGE plpgsql ${safely} SET lock_timeout = ${batchWaitsMs} AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('queue_runtime batch', batch));
EXCEPTION WHEN lock_not_available THEN
  NULL;
END $$;

CREATE FUNCTION queue_runtime.close_batch(batch bigint) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  mine record;
  outcome text;
  callback record;
  failure json;
BEGIN
  IF EXISTS (SELECT FROM queue_runtime.jobs WHERE batch_id = batch OFFSET ${many}) THEN
    RETURN;
  END IF;
  PERFORM queue_runtime.wait_for_batch(batch);
  SELECT * INTO mine FROM queue_runtime.batches WHERE id = batch AND state = 'sealed'
  FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM queue_runtime.batches WHERE id = batch AND state = 'sealed') THEN
      INSERT INTO queue_runtime.touched (job_id) VALUES (-batch);
    END IF;
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM queue_runtime.jobs WHERE batch_id = batch) THEN RETURN; END IF;
  outcome := CASE WHEN mine.cleared_failed + mine.cleared_cancelled > 0
    OR EXISTS (SELECT FROM queue_runtime.ended_jobs
      WHERE batch_id = batch AND state IN ('failed', 'cancelled'))
    THEN 'failed' ELSE 'succeeded' END;
  FOR callback IN
    SELECT job, CASE WHEN coalesce(json_typeof(args), 'null') = 'null'
      THEN json_build_object('batch', batch) ELSE args END AS args
    FROM ROWS FROM (unnest(ARRAY[mine.on_finish, mine.on_success, mine.on_failure]),
      json_array_elements(mine.callback_args)) WITH ORDINALITY AS each (job, args, number)
    WHERE json_typeof(job) <> 'null'
      AND number IN (1, CASE outcome WHEN 'succeeded' THEN 2 ELSE 3 END)
    ORDER BY number
  LOOP
    failure := coalesce(failure, queue_runtime.call_back(callback.job, callback.args));
  END LOOP;
  UPDATE queue_runtime.batches SET finished_at = queue_runtime.clock_ms(), error = failure,
    state = CASE WHEN failure IS NULL THEN outcome ELSE 'failed' END
  WHERE id = batch;
END $$;`;

export const ends: string = [
  end,
  `CREATE ${settleWaiting({ before: "", after: "" })}`,
  policies,
  callBack,
  closeBatch,
].join("\n");
