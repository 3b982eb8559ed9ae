// Enqueueing jobs that are tied to others, in one statement, also inside the application's own
// transaction. Such a job is inserted as if nothing were free (`blocked`, `waiting`) and touched;
// `reconcile` makes of it what it can be. Who enqueues on a connection of the store calls that in
// the same transaction. Nobody does in the transaction of an application, which may stay open for
// long: its keys would be locked as long, and workers wait for them. Where the answer depends on a
// slot (`discard`, `fail`), it is looked there whether one is free, and decided after the commit: if
// somebody was faster, the job is cancelled like one that comes from the schedule.
//
// `enqueue_linked` runs with the rights of the owner and takes no commands; `enqueue_linked_any` is
// the same with the rights of its caller, as in 1-enqueue.ts. What they refuse ends the
// transaction; `gently`, it is answered instead, and nothing is enqueued. Whoever wants a unique key
// that an open transaction has just taken waits for that, as for any index, but not for long.

import { asOwner, awaited, safely, touchedList } from "./links.ts";

const hasPolicy = (policies: string, gates: string): string => `EXISTS (
      SELECT FROM json_array_elements(${gates}) AS gate
      WHERE gate ->> 'onConflict' IN (${policies}))`;

/** How long somebody waits who enqueues, in milliseconds. */
const enqueuerWaitsMs = 3_000;
/** How many holders a message names. */
const mostNamed = 3;

/** So many may go on when a job comes to a key with free slots. */
const mostPromoted = 1_000;

/** The keys of jobs, locked. */
const choose = `
CREATE FUNCTION queue_runtime.lock_jobs(jobs json) RETURNS text[]
LANGUAGE plpgsql ${asOwner} AS $$
BEGIN
  RETURN queue_runtime.lock_keys(array(
    SELECT DISTINCT gate.key FROM json_array_elements(jobs) AS element CROSS JOIN LATERAL (
      SELECT gate ->> 'key' FROM json_array_elements(element -> 'gates') AS gate
      UNION ALL SELECT gate_key FROM queue_runtime.queue_gates(
        coalesce(element ->> 'queue', 'default'), queue_runtime.fair_share_of(element))
    ) AS gate (key)), true);
END $$;

CREATE FUNCTION queue_runtime.refuse_for(wanted text) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  holders CONSTANT bigint[] := array(SELECT job_id FROM queue_runtime.slots
    WHERE key = wanted AND job_id IS NOT NULL ORDER BY since, id LIMIT ${mostNamed + 1});
  who CONSTANT text := array_to_string(holders[1:${mostNamed}], ', ')
    || CASE WHEN cardinality(holders) > ${mostNamed} THEN ', …' ELSE '' END;
BEGIN
  RAISE EXCEPTION 'the job cannot be enqueued: no slot of % is free: %', to_json(wanted),
    CASE cardinality(holders) WHEN 0 THEN coalesce('it is kept for job ' || (
        SELECT job_id FROM queue_runtime.job_gates WHERE key = wanted AND keeps
        ORDER BY priority, job_id LIMIT 1), 'they rest')
      WHEN 1 THEN 'job ' || who || ' has it'
      ELSE 'jobs ' || who || ' have them' END USING ERRCODE = 'QR001';
END $$;

CREATE FUNCTION queue_runtime.is_dropped(job bigint, known text[], at_once boolean)
RETURNS boolean LANGUAGE plpgsql ${safely} AS $$
DECLARE
  full_gate record;
BEGIN
  IF at_once THEN
    -- who waits already comes first, or keeps a slot
    PERFORM queue_runtime.promote(array(
      SELECT own.key FROM queue_runtime.job_gates AS own WHERE own.job_id = job
        AND EXISTS (SELECT FROM queue_runtime.job_gates AS other
          WHERE other.key = own.key AND other.waits AND other.job_id <> job)
      ORDER BY own.key), ${mostPromoted});
    IF NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = job AND state = 'blocked')
      OR queue_runtime.admit(job, known) THEN RETURN false; END IF;
  END IF;
  SELECT * INTO full_gate FROM queue_runtime.lacking(job, queue_runtime.clock_ms())
  WHERE NOT is_free AND policy IN ('discard', 'fail') ORDER BY place LIMIT 1;
  IF NOT FOUND THEN
    IF at_once THEN
      UPDATE queue_runtime.job_gates SET on_conflict = 'block' WHERE job_id = job;
    END IF;
    RETURN false;
  END IF;
  IF full_gate.policy = 'fail' THEN PERFORM queue_runtime.refuse_for(full_gate.gate_key); END IF;
  DELETE FROM queue_runtime.jobs WHERE id = job;
  RETURN true;
END $$;`;

/**
 * Those that can be decided together: unless somebody would rather not be than wait for a slot,
 * which depends on all who come before him, they are nearly all. `decided` and the other arrays go
 * together, in any order. Keys that are free after all are asked for once more.
 */
const insertTogether = `
CREATE FUNCTION queue_runtime.insert_together(jobs json, args json, given bigint[],
  OUT decided bigint[], OUT ids bigint[], OUT states text[], OUT outcomes text[])
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  open bigint[] := given;
  these bigint[];
  others bigint[];
  created record;
BEGIN
  LOOP
    these := queue_runtime.take_together(jobs, open);
    SELECT * INTO created FROM queue_runtime.insert_jobs(
      jobs, args, queue_runtime.only(given, these, true));
    decided := decided || created.ids;
    ids := ids || created.ids;
    states := states || created.states;
    outcomes := outcomes
      || array_fill('created'::text, ARRAY[coalesce(cardinality(created.ids), 0)]);
    IF cardinality(decided) = cardinality(given) THEN RETURN; END IF;
    open := queue_runtime.only(given, decided, false);
    EXIT WHEN NOT queue_runtime.clear_uniques(array(
      SELECT key FROM ROWS FROM (json_to_recordset(jobs) AS (uniques json), unnest(open))
          AS given (uniques, job),
        json_to_recordset(given.uniques) AS item (key text) WHERE job IS NOT NULL));
  END LOOP;
  SELECT * INTO these, others FROM queue_runtime.exist_together(jobs, open);
  decided := decided || these;
  ids := ids || others;
  states := states || array(SELECT (SELECT state FROM queue_runtime.jobs WHERE id = keeper)
    FROM unnest(others) WITH ORDINALITY AS each (keeper, number) ORDER BY number);
  outcomes := outcomes || array_fill('exists'::text, ARRAY[coalesce(cardinality(others), 0)]);
END $$;`;

/** Asked now, not later: those who come after it in this call are not in its way. */
const settleNew = `
CREATE FUNCTION queue_runtime.settle_new(job bigint, element json) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  keys text[];
BEGIN
  IF NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = job AND state = 'blocked') THEN
    RETURN;
  END IF;
  keys := ${awaited(`array(
    SELECT own.key FROM queue_runtime.job_gates AS own WHERE own.job_id = job)`)};
  PERFORM queue_runtime.promote(keys, ${mostPromoted});
  IF ${hasPolicy("'replace'", "element -> 'gates'")} THEN
    PERFORM queue_runtime.apply_policies(ARRAY[job]);
    -- it has the slots of those who made way before anybody comes who sees more of them
    DELETE FROM queue_runtime.slots AS slot WHERE key = ANY (keys) AND job_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = slot.job_id);
    PERFORM queue_runtime.promote(keys, ${mostPromoted});
  END IF;
END $$;`;

/**
 * One after the other: each finds what those before it have left. `eager`: who gets a slot depends
 * on those before him.
 */
const insertOneByOne = `
CREATE FUNCTION queue_runtime.insert_one_by_one(
  jobs json, args json, chosen bigint[], eager boolean
) RETURNS TABLE (number bigint, id bigint, state text, outcome text)
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  given record;
  answer record;
  at_once CONSTANT boolean := eager
    AND coalesce(current_setting(${touchedList}, true) <> '', false);
  known CONSTANT text[] := CASE WHEN at_once THEN queue_runtime.lock_jobs(jobs) END;
BEGIN
  FOR given IN
    SELECT element, value, job FROM ROWS FROM (json_array_elements(jobs),
      json_array_elements(args), unnest(chosen)) AS each (element, value, job)
    WHERE job IS NOT NULL ORDER BY job
  LOOP
    number := given.job;
    SELECT * INTO answer FROM queue_runtime.take_uniques(given.element, given.value, number);
    id := CASE answer.outcome WHEN 'exists' THEN answer.keeper WHEN 'replaced' THEN answer.keeper
      ELSE number END;
    outcome := coalesce(answer.outcome, 'created');
    IF answer.outcome IS NULL THEN
      SELECT states[1] INTO state FROM queue_runtime.insert_jobs(
        json_build_array(given.element), json_build_array(given.value), ARRAY[id]);
      IF state = 'blocked' AND ${hasPolicy("'discard', 'fail'", "given.element -> 'gates'")} THEN
        IF queue_runtime.is_dropped(id, known, at_once) THEN outcome := 'discarded'; END IF;
      END IF;
    END IF;
    IF at_once AND outcome IN ('created', 'replaced') THEN
      PERFORM queue_runtime.settle_new(id, given.element);
    END IF;
    SELECT job.state INTO state FROM queue_runtime.jobs AS job
    WHERE job.id = insert_one_by_one.id;
    RETURN NEXT;
  END LOOP;
END $$;`;

const insertLinked = `
CREATE FUNCTION queue_runtime.insert_linked(jobs json, args json)
RETURNS TABLE (id bigint, state text, outcome text) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  given bigint[];
  done record;
BEGIN
  IF json_array_length(jobs) = 0 THEN RETURN; END IF;
  PERFORM queue_runtime.check_jobs(jobs, 'the job cannot be enqueued');
  PERFORM queue_runtime.check_ties(jobs);
  given := queue_runtime.next_ids(json_array_length(jobs));
  IF EXISTS (SELECT FROM json_to_recordset(jobs) AS each (gates json)
    WHERE ${hasPolicy("'discard', 'fail', 'replace'", "each.gates")})
  THEN
    RETURN QUERY SELECT each.id, each.state, each.outcome
    FROM queue_runtime.insert_one_by_one(jobs, args, given, true) AS each ORDER BY number;
    RETURN;
  END IF;
  SELECT * INTO done FROM queue_runtime.insert_together(jobs, args, given);
  IF cardinality(done.decided) < cardinality(given) OR done.decided IS NULL THEN
    RETURN QUERY SELECT each.id, each.state, each.outcome FROM (
      SELECT * FROM unnest(done.decided, done.ids, done.states, done.outcomes)
        AS known (number, id, state, outcome)
      UNION ALL SELECT * FROM queue_runtime.insert_one_by_one(jobs, args,
        queue_runtime.only(given, done.decided, false), false)
    ) AS each ORDER BY number;
    RETURN;
  END IF;
  RETURN QUERY SELECT each.id, each.state, each.outcome
  FROM unnest(done.decided, done.ids, done.states, done.outcomes)
    AS each (number, id, state, outcome) ORDER BY number;
END $$;

CREATE FUNCTION queue_runtime.enqueue_linked(jobs json, args json, gently boolean DEFAULT false)
RETURNS TABLE (id bigint, state text, outcome text) LANGUAGE plpgsql ${asOwner} AS $$
BEGIN
  PERFORM queue_runtime.refuse_kind(element ->> 'kind') FROM json_array_elements(jobs) AS element
  WHERE element ->> 'kind' <> 'module';
  RETURN QUERY SELECT * FROM queue_runtime.enqueue_linked_any(jobs, args, gently);
END $$;

CREATE FUNCTION queue_runtime.enqueue_linked_any(
  jobs json, args json, gently boolean DEFAULT false
) RETURNS TABLE (id bigint, state text, outcome text)
LANGUAGE plpgsql ${safely} SET lock_timeout = ${enqueuerWaitsMs} AS $$
DECLARE
  refusal text;
BEGIN
  RETURN QUERY SELECT * FROM queue_runtime.insert_linked(jobs, args);
EXCEPTION
  WHEN SQLSTATE 'QR001' THEN
    IF NOT gently THEN RAISE; END IF;
    RETURN QUERY SELECT NULL::bigint, SQLERRM, 'conflict';
  WHEN SQLSTATE 'QR002' THEN
    IF NOT gently THEN RAISE; END IF;
    RETURN QUERY SELECT NULL::bigint, SQLERRM, 'invalid';
  WHEN lock_not_available THEN
    refusal := queue_runtime.what_is_locked(jobs);
    IF NOT gently THEN RAISE EXCEPTION '%', refusal USING ERRCODE = 'QR001'; END IF;
    RETURN QUERY SELECT NULL::bigint, refusal, 'conflict';
END $$;`;

/** Of jobs that waited in vain. */
const whatIsLocked = `
CREATE FUNCTION queue_runtime.what_is_locked(jobs json) RETURNS text
LANGUAGE sql STABLE ${safely} AS $$
  SELECT 'the job cannot be enqueued: a transaction that has not ended yet holds '
    || CASE count(DISTINCT key) WHEN 0 THEN 'its slots' WHEN 1
      THEN 'its unique key ' || to_json(min(key)) ELSE 'one of its unique keys' END || ': try again'
  FROM json_to_recordset(jobs) AS given (uniques json),
    json_to_recordset(given.uniques) AS item (key text)
$$;`;

export const enqueueing: string = [
  choose,
  insertTogether,
  settleNew,
  insertOneByOne,
  whatIsLocked,
  insertLinked,
].join("\n");
