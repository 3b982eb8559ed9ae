// Enqueueing jobs that are tied to others, in one statement, also inside the application's own
// transaction. Such a job is inserted as if nothing were free (`blocked`, `waiting`) and touched;
// `reconcile` makes of it what it can be. Who enqueues on a connection of the store calls that in
// the same transaction. Nobody does in the transaction of an application, which may stay open for
// long: its keys would be locked as long, and workers wait for them. Only where the answer depends
// on it (`discard`, `fail`) a key is locked there too.
//
// `enqueue_linked` runs with the rights of the owner and takes no commands; `enqueue_linked_any` is
// the same with the rights of its caller, as in 1-enqueue.ts. What they refuse ends the transaction;
// `gently`, it is answered instead, and nothing is enqueued.

import { anyGate, asOwner, awaited, links, safely, touchedList } from "./links.ts";

/** One look at each document: every `->>` reads the whole of it. */
const fieldsOf = `json_to_recordset(jobs) AS (name text, kind text, queue text, priority bigint,
        label text, held boolean, at bigint, "inMs" double precision, gates json, uniques json,
        after json, "batchId" bigint)`;

const kindsOf = `(SELECT bit_or(CASE gate ->> 'kind' WHEN 'rate' THEN ${links.gates | links.rate}
        WHEN 'fair' THEN ${links.gates | links.fair} ELSE ${links.gates} END)
      FROM json_array_elements(given.gates) AS gate)`;

const amount = (field: string): string => `json_array_length(element -> '${field}')`;

const hasPolicy = (policies: string, element: string): string => `EXISTS (
      SELECT FROM json_array_elements(${element} -> 'gates') AS gate
      WHERE gate ->> 'onConflict' IN (${policies}))`;

/** Everything about jobs but what has to be asked one by one. Ids ascend in their order. */
const insertJobs = `
CREATE FUNCTION queue_runtime.insert_jobs(jobs json, args json, OUT ids bigint[],
  OUT states text[]) LANGUAGE plpgsql ${safely} AS $$
BEGIN
  WITH created AS (
    INSERT INTO queue_runtime.jobs (name, kind, queue, state, args, priority, label, run_at,
      created_at, concurrency_key, unique_key, batch_id, linked)
    SELECT name, kind, queue,
      CASE WHEN held THEN 'held' WHEN linked & ${links.dependency} <> 0 THEN 'waiting'
        WHEN due > now THEN 'scheduled' WHEN linked & ${anyGate} <> 0 THEN 'blocked'
        ELSE 'ready' END,
      CASE WHEN json_typeof(job.args) <> 'null' THEN job.args END, coalesce(priority, 0), label,
      due, now, concurrency_key, unique_key, batch, linked
    FROM (
      SELECT number, now, name, coalesce(kind, 'module') AS kind, given.args, priority, label,
        coalesce(held, false) AS held, batch, coalesce(given.queue, 'default') AS queue,
        coalesce(at, now + ceil(coalesce(in_ms, 0))::bigint) AS due,
        gates -> 0 ->> 'key' AS concurrency_key, uniques -> 0 ->> 'key' AS unique_key,
        CASE WHEN json_array_length(gates) > 0 THEN ${kindsOf} ELSE 0 END
          | CASE WHEN json_array_length(uniques) > 0 THEN ${links.unique} ELSE 0 END
          | CASE WHEN json_array_length(after) > 0 THEN ${links.dependency} ELSE 0 END
          | CASE WHEN batch IS NULL THEN 0 ELSE ${links.batch} END
          | CASE WHEN coalesce(given.queue, 'default') IN (
              SELECT setting.name FROM queue_runtime.queue_settings AS setting)
            THEN ${anyGate} ELSE 0 END AS linked
      FROM ROWS FROM (${fieldsOf}, json_array_elements(args)) WITH ORDINALITY AS given
          (name, kind, queue, priority, label, held, at, in_ms, gates, uniques, after, batch, args,
            number),
        (SELECT queue_runtime.now_ms() AS now OFFSET 0) AS clock
    ) AS job ORDER BY number
    RETURNING id, state
  )
  SELECT array_agg(created.id ORDER BY created.id), array_agg(created.state ORDER BY created.id)
  INTO ids, states FROM created;
  INSERT INTO queue_runtime.job_gates
    (job_id, position, kind, key, slots, ms, on_conflict, name, priority, waits)
  SELECT job, place, gate.kind, gate.key, gate.most, gate.ms, gate.policy, given.name,
    coalesce(given.priority, 0), state = 'blocked'
  FROM ROWS FROM (json_to_recordset(jobs) AS (name text, priority bigint, gates json),
      unnest(ids), unnest(states)) AS given (name, priority, gates, job, state),
    ROWS FROM (json_to_recordset(given.gates)
      AS (kind text, key text, "limit" bigint, ms bigint, "onConflict" text))
      WITH ORDINALITY AS gate (kind, key, most, ms, policy, place);
  PERFORM queue_runtime.add_queue_gates(job.id, job.queue, job.priority, job.state = 'blocked',
    coalesce(job.unique_key, job.name))
  FROM queue_runtime.queue_settings AS setting JOIN queue_runtime.jobs AS job
    ON job.queue = setting.name WHERE job.id = ANY (ids);
  IF cardinality(ids) = 1 THEN
    IF states[1] IN ('blocked', 'waiting') THEN PERFORM queue_runtime.touch(ids[1]); END IF;
    RETURN;
  END IF;
  -- what is done for one of those who wait for a key is done for the key
  PERFORM queue_runtime.touch(job) FROM (
    SELECT min(job_id) AS job FROM queue_runtime.job_gates WHERE job_id = ANY (ids) AND waits
    GROUP BY key
  ) AS each;
END $$;`;

/** Not even one of its ids may be unknown, nor a batch that is over. */
const checkTies = `
CREATE FUNCTION queue_runtime.check_ties(jobs json) RETURNS void LANGUAGE plpgsql ${safely} AS $$
DECLARE
  wrong record;
BEGIN
  SELECT id INTO wrong FROM (
    SELECT DISTINCT id::text::bigint AS id FROM json_array_elements(jobs) AS element,
      json_array_elements(element -> 'after') AS id
  ) AS target
  WHERE NOT EXISTS (SELECT FROM queue_runtime.all_jobs AS job WHERE job.id = target.id)
  ORDER BY id LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the job cannot be enqueued: there is no job % to come after', wrong.id
      USING ERRCODE = 'QR002';
  END IF;
  FOR wrong IN
    SELECT DISTINCT (element ->> 'batchId')::bigint AS id FROM json_array_elements(jobs) AS element
    WHERE element ->> 'batchId' IS NOT NULL ORDER BY id
  LOOP
    PERFORM FROM queue_runtime.batches
    WHERE id = wrong.id AND state IN ('open', 'sealed') FOR SHARE;
    CONTINUE WHEN FOUND;
    IF EXISTS (SELECT FROM queue_runtime.batches WHERE id = wrong.id) THEN
      RAISE EXCEPTION 'the job cannot be enqueued: batch % is over', wrong.id
        USING ERRCODE = 'QR002', HINT = 'open another one';
    END IF;
    RAISE EXCEPTION 'the job cannot be enqueued: there is no batch %', wrong.id
      USING ERRCODE = 'QR002';
  END LOOP;
END $$;`;

/** How many holders a message names. */
const mostNamed = 3;

/** The keys of jobs that would rather not be than wait, or of all, locked. */
const choose = `
CREATE FUNCTION queue_runtime.lock_choosy(jobs json, others boolean) RETURNS text[]
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  keys text[] := array(SELECT DISTINCT gate.key FROM json_array_elements(jobs) AS element
    CROSS JOIN LATERAL (
      SELECT gate ->> 'key' FROM json_array_elements(element -> 'gates') AS gate
      UNION ALL SELECT gate_key FROM queue_runtime.queue_gates(element ->> 'queue', coalesce(
        (SELECT min(gate ->> 'key') FROM json_array_elements(element -> 'gates') AS gate
          WHERE gate ->> 'kind' = 'concurrency'),
        element -> 'uniques' -> 0 ->> 'key', element ->> 'name'))
    ) AS gate (key)
    WHERE others OR ${hasPolicy("'discard', 'fail'", "element")});
BEGIN
  IF keys = '{}' THEN RETURN keys; END IF;
  IF NOT others AND current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the job cannot be enqueued: whether a slot is free can be known only in a '
      'transaction with the isolation level read committed' USING ERRCODE = 'QR002';
  END IF;
  PERFORM queue_runtime.lock_keys(keys, true);
  RETURN keys;
END $$;

CREATE FUNCTION queue_runtime.is_dropped(job bigint, known text[]) RETURNS boolean LANGUAGE plpgsql ${safely} AS $$
DECLARE
  full_gate record;
  holders bigint[];
  who text;
BEGIN
  IF queue_runtime.admit(job, known) THEN RETURN false; END IF;
  SELECT * INTO full_gate FROM queue_runtime.lacking(job, queue_runtime.clock_ms())
  WHERE NOT is_free AND policy IN ('discard', 'fail') ORDER BY place LIMIT 1;
  IF NOT FOUND THEN
    UPDATE queue_runtime.job_gates SET on_conflict = 'block' WHERE job_id = job;
    RETURN false;
  END IF;
  IF full_gate.policy = 'fail' THEN
    holders := array(SELECT job_id FROM queue_runtime.slots
      WHERE key = full_gate.gate_key AND job_id IS NOT NULL ORDER BY since, id
      LIMIT ${mostNamed + 1});
    who := array_to_string(holders[1:${mostNamed}], ', ')
      || CASE WHEN cardinality(holders) > ${mostNamed} THEN ', …' ELSE '' END;
    RAISE EXCEPTION 'the job cannot be enqueued: no slot of % is free: %', to_json(full_gate.gate_key),
      CASE cardinality(holders) WHEN 1 THEN 'job ' || who || ' has it'
        ELSE 'jobs ' || who || ' have them' END USING ERRCODE = 'QR001';
  END IF;
  DELETE FROM queue_runtime.jobs WHERE id = job;
  RETURN true;
END $$;`;

/** So many may go on when a job comes to a key with free slots. */
const mostPromoted = 1_000;

/**
 * Jobs that nothing has to be asked about are inserted together, others one after the other: each
 * finds what those before it have left. Whoever will reconcile has asked for it by now.
 */
const insertLinked = `
CREATE FUNCTION queue_runtime.insert_linked(jobs json, args json)
RETURNS TABLE (id bigint, state text, outcome text) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  given record;
  answer record;
  at_once boolean := current_setting(${touchedList}, true) <> '';
  known text[];
BEGIN
  PERFORM queue_runtime.check_ties(jobs);
  IF NOT EXISTS (SELECT FROM json_array_elements(jobs) AS element
    WHERE ${amount("uniques")} > 0 OR ${amount("after")} > 0
      OR ${hasPolicy("'discard', 'fail', 'replace'", "element")})
  THEN
    RETURN QUERY SELECT created.*, 'created' FROM queue_runtime.insert_jobs(jobs, args) AS all_,
      unnest(all_.ids, all_.states) AS created;
    RETURN;
  END IF;
  known := queue_runtime.lock_choosy(jobs, coalesce(at_once, false));
  FOR given IN
    SELECT element, value FROM ROWS FROM (json_array_elements(jobs), json_array_elements(args))
      WITH ORDINALITY AS each (element, value, number) ORDER BY number
  LOOP
    SELECT * INTO answer FROM queue_runtime.take_uniques(given.element, given.value);
    IF answer.outcome IS NOT NULL THEN
      id := answer.keeper;
      outcome := answer.outcome;
    ELSE
      SELECT ids[1], states[1] INTO id, state FROM queue_runtime.insert_jobs(
        json_build_array(given.element), json_build_array(given.value));
      outcome := 'created';
      INSERT INTO queue_runtime.dependencies (job_id, on_id, if_fails)
      SELECT insert_linked.id, on_id::text::bigint, given.element ->> 'ifDependencyFails'
      FROM json_array_elements(given.element -> 'after') AS on_id;
      IF state = 'waiting' AND NOT EXISTS (
        SELECT FROM queue_runtime.dependencies AS dependency
          JOIN queue_runtime.jobs AS target ON target.id = dependency.on_id
        WHERE dependency.job_id = insert_linked.id)
      THEN
        PERFORM queue_runtime.settle_waiting(ARRAY[insert_linked.id]);
        SELECT job.state INTO state FROM queue_runtime.jobs AS job WHERE job.id = insert_linked.id;
      END IF;
      IF state = 'blocked' AND ${hasPolicy("'discard', 'fail'", "given.element")} THEN
        IF queue_runtime.is_dropped(insert_linked.id, known) THEN outcome := 'discarded'; END IF;
      ELSIF state = 'blocked' AND at_once THEN
        PERFORM queue_runtime.promote(${awaited(`array(
          SELECT own.key FROM queue_runtime.job_gates AS own WHERE own.job_id = insert_linked.id)`)}, ${mostPromoted});
      END IF;
    END IF;
    SELECT job.state INTO state FROM queue_runtime.jobs AS job WHERE job.id = insert_linked.id;
    IF outcome IN ('created', 'discarded')
      AND json_array_length(given.element -> 'uniques') > 0 THEN
      PERFORM queue_runtime.keep_uniques(insert_linked.id, insert_linked.state, given.element);
    END IF;
    RETURN NEXT;
  END LOOP;
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
) RETURNS TABLE (id bigint, state text, outcome text) LANGUAGE plpgsql ${safely} AS $$
BEGIN
  IF NOT gently THEN
    RETURN QUERY SELECT * FROM queue_runtime.insert_linked(jobs, args);
    RETURN;
  END IF;
  BEGIN
    RETURN QUERY SELECT * FROM queue_runtime.insert_linked(jobs, args);
  EXCEPTION
    WHEN SQLSTATE 'QR001' THEN
      RETURN QUERY SELECT NULL::bigint, SQLERRM, 'conflict';
    WHEN SQLSTATE 'QR002' THEN
      RETURN QUERY SELECT NULL::bigint, SQLERRM, 'invalid';
  END;
END $$;`;

export const enqueueing: string = [insertJobs, checkTies, choose, insertLinked].join("\n");
