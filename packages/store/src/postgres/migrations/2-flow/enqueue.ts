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

import { anyGate, asOwner, links, safely } from "./links.ts";

const isSet = "job.queue IN (SELECT name FROM queue_runtime.queue_settings)";

const kindsOf = `(SELECT bit_or(CASE gate ->> 'kind' WHEN 'rate' THEN ${links.gates | links.rate}
        WHEN 'fair' THEN ${links.gates | links.fair} ELSE ${links.gates} END)
      FROM json_array_elements(element -> 'gates') AS gate)`;

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
      job.args, priority, label, due, now, concurrency_key, unique_key, batch, linked
    FROM (
      SELECT job.*, gates | CASE WHEN ${isSet} THEN ${anyGate} ELSE 0 END AS linked FROM (
        SELECT number, now, element ->> 'name' AS name,
          coalesce(element ->> 'kind', 'module') AS kind,
          coalesce(element ->> 'queue', 'default') AS queue,
          CASE WHEN json_typeof(given.args) <> 'null' THEN given.args END AS args,
          coalesce((element ->> 'priority')::bigint, 0) AS priority, element ->> 'label' AS label,
          coalesce((element ->> 'held')::boolean, false) AS held,
          coalesce((element ->> 'at')::bigint,
            now + ceil(coalesce((element ->> 'inMs')::double precision, 0))::bigint) AS due,
          element -> 'gates' -> 0 ->> 'key' AS concurrency_key,
          element -> 'uniques' -> 0 ->> 'key' AS unique_key,
          (element ->> 'batchId')::bigint AS batch,
          coalesce(${kindsOf}, 0)
            | CASE WHEN ${amount("uniques")} > 0 THEN ${links.unique} ELSE 0 END
            | CASE WHEN ${amount("after")} > 0 THEN ${links.dependency} ELSE 0 END
            | CASE WHEN element ->> 'batchId' IS NULL THEN 0 ELSE ${links.batch} END AS gates
        FROM ROWS FROM (json_array_elements(jobs), json_array_elements(args))
            WITH ORDINALITY AS given (element, args, number),
          queue_runtime.now_ms() AS now
      ) AS job
    ) AS job ORDER BY number
    RETURNING id, state
  )
  SELECT array_agg(created.id ORDER BY created.id), array_agg(created.state ORDER BY created.id)
  INTO ids, states FROM created;
  INSERT INTO queue_runtime.job_gates
    (job_id, position, kind, key, slots, ms, on_conflict, name, priority, waits)
  SELECT job, place, gate ->> 'kind', gate ->> 'key', (gate ->> 'limit')::bigint,
    (gate ->> 'ms')::bigint, gate ->> 'onConflict', element ->> 'name',
    coalesce((element ->> 'priority')::bigint, 0), state = 'blocked'
  FROM ROWS FROM (json_array_elements(jobs), unnest(ids), unnest(states))
      AS given (element, job, state),
    json_array_elements(element -> 'gates') WITH ORDINALITY AS own (gate, place);
  PERFORM queue_runtime.add_queue_gates(job.id, job.queue, job.priority, job.state = 'blocked',
    coalesce(job.unique_key, job.name))
  FROM queue_runtime.queue_settings AS setting JOIN queue_runtime.jobs AS job
    ON job.queue = setting.name WHERE job.id = ANY (ids);
  PERFORM queue_runtime.touch(job) FROM (
    SELECT min(job_id) AS job FROM queue_runtime.job_gates WHERE job_id = ANY (ids) AND waits
    GROUP BY key, on_conflict
    UNION SELECT job FROM unnest(ids, states) AS created (job, state)
      WHERE state = 'waiting' OR state = 'blocked' AND cardinality(ids) = 1
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

/** The keys of jobs that would rather not be than wait, locked. */
const choose = `
CREATE FUNCTION queue_runtime.lock_choosy(jobs json) RETURNS text[] LANGUAGE plpgsql ${safely} AS $$
DECLARE
  keys text[] := array(SELECT DISTINCT gate.key FROM json_array_elements(jobs) AS element
    CROSS JOIN LATERAL (
      SELECT gate ->> 'key' FROM json_array_elements(element -> 'gates') AS gate
      UNION ALL SELECT gate_key FROM queue_runtime.queue_gates(element ->> 'queue', coalesce(
        (SELECT min(gate ->> 'key') FROM json_array_elements(element -> 'gates') AS gate
          WHERE gate ->> 'kind' = 'concurrency'),
        element -> 'uniques' -> 0 ->> 'key', element ->> 'name'))
    ) AS gate (key)
    WHERE ${hasPolicy("'discard', 'fail'", "element")});
BEGIN
  IF keys = '{}' THEN RETURN keys; END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
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
  IF NOT FOUND THEN RETURN false; END IF;
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

/** Jobs that nothing has to be asked about are inserted together, others one after the other. */
const insertLinked = `
CREATE FUNCTION queue_runtime.insert_linked(jobs json, args json)
RETURNS TABLE (id bigint, state text, outcome text) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  given record;
  answer record;
  known text[] := queue_runtime.lock_choosy(jobs);
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
      IF ${"json_array_length(given.element -> 'uniques')"} > 0 THEN
        PERFORM queue_runtime.keep_uniques(insert_linked.id, insert_linked.state, given.element);
      END IF;
      INSERT INTO queue_runtime.dependencies (job_id, on_id, if_fails)
      SELECT insert_linked.id, on_id::text::bigint, given.element ->> 'ifDependencyFails'
      FROM json_array_elements(given.element -> 'after') AS on_id;
      IF state = 'blocked' AND ${hasPolicy("'discard', 'fail'", "given.element")} THEN
        IF queue_runtime.is_dropped(insert_linked.id, known) THEN outcome := 'discarded'; END IF;
      END IF;
    END IF;
    SELECT job.state INTO state FROM queue_runtime.jobs AS job WHERE job.id = insert_linked.id;
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
