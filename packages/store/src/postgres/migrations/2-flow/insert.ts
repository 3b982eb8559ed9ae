// The rows of new jobs that are tied to others, all at once, and what they are refused for. Nothing
// about them is decided here that depends on others: that is in enqueue.ts.

import { anyGate, eachByItself, links, safely } from "./links.ts";

/**
 * The ids of new jobs, in ascending order. The transaction gets its own number first: who reads
 * beyond these ids can see then that it still runs (see turn/lanes.ts).
 */
const ids = `
CREATE FUNCTION queue_runtime.next_ids(amount integer) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER ${safely} AS $$
BEGIN
  PERFORM pg_current_xact_id();
  RETURN array(SELECT nextval('queue_runtime.jobs_id_seq') FROM generate_series(1, amount));
END $$;

CREATE FUNCTION queue_runtime.only(all_ids bigint[], these bigint[], inside boolean)
RETURNS bigint[] LANGUAGE sql IMMUTABLE ${safely} AS $$
  SELECT array_agg(CASE WHEN is_there = inside THEN id END ORDER BY id) FROM (
    SELECT id, bool_or(is_there) AS is_there FROM (
      SELECT id, false AS is_there FROM unnest(all_ids) AS id
      UNION ALL SELECT id, true FROM unnest(these) AS id
    ) AS each GROUP BY id
  ) AS each
$$;`;

/** One look at each document: every `->>` reads the whole of it. */
const fieldsOf = `json_to_recordset(jobs) AS (name text, kind text, queue text, priority bigint,
        label text, held boolean, at bigint, "inMs" double precision, gates json, uniques json,
        keyed boolean, after json, "batchId" bigint)`;

const kindsOf = `(SELECT bit_or(CASE gate ->> 'kind' WHEN 'rate' THEN ${links.gates | links.rate}
        WHEN 'fair' THEN ${links.gates | links.fair} ELSE ${links.gates} END)
      FROM json_array_elements(given.gates) AS gate)`;

const insertRows = `
  WITH created AS (
    INSERT INTO queue_runtime.jobs (id, name, kind, queue, state, args, priority, label, run_at,
      created_at, concurrency_key, unique_key, batch_id, linked)
    SELECT id, name, kind, queue,
      CASE WHEN held THEN 'held' WHEN linked & ${links.dependency} <> 0 THEN 'waiting'
        WHEN due > now THEN 'scheduled' WHEN linked & ${anyGate} <> 0 THEN 'blocked'
        ELSE 'ready' END,
      CASE WHEN json_typeof(job.args) <> 'null' THEN job.args END, coalesce(priority, 0), label,
      due, now, concurrency_key, unique_key, batch, linked
    FROM (
      SELECT given.id, now, name, coalesce(kind, 'module') AS kind, given.args, priority, label,
        coalesce(held, false) AS held, batch, coalesce(given.queue, 'default') AS queue,
        coalesce(at, now + ceil(coalesce(in_ms, 0))::bigint) AS due,
        gates -> 0 ->> 'key' AS concurrency_key, uniques -> 0 ->> 'key' AS unique_key,
        CASE WHEN json_array_length(gates) > 0 THEN ${kindsOf} ELSE 0 END
          | CASE WHEN json_array_length(uniques) > 0 THEN ${links.unique} ELSE 0 END
          | CASE WHEN coalesce(keyed, json_array_length(uniques) > 0) THEN ${links.keyed} ELSE 0 END
          | CASE WHEN json_array_length(after) > 0 THEN ${links.dependency} ELSE 0 END
          | CASE WHEN batch IS NULL THEN 0 ELSE ${links.batch} END
          | CASE WHEN coalesce(given.queue, 'default') IN (
              SELECT setting.name FROM queue_runtime.queue_settings AS setting)
            THEN ${anyGate} ELSE 0 END AS linked
      FROM ROWS FROM (${fieldsOf}, json_array_elements(args), unnest(chosen)) AS given
          (name, kind, queue, priority, label, held, at, in_ms, gates, uniques, keyed, after, batch,
            args, id),
        (SELECT queue_runtime.now_ms() AS now OFFSET 0) AS clock
      WHERE given.id IS NOT NULL
    ) AS job ORDER BY id
    RETURNING id, state, linked
  )
  SELECT array_agg(created.id ORDER BY created.id), array_agg(created.state ORDER BY created.id),
    coalesce(bit_or(linked), 0) INTO ids, states, kinds FROM created;`;

/** Their own, and those of their queues; for jobs that have none yet. */
const giveGates = `
CREATE FUNCTION queue_runtime.give_gates(jobs json, chosen bigint[]) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
BEGIN
  INSERT INTO queue_runtime.job_gates
    (job_id, position, kind, key, slots, ms, on_conflict, name, priority, waits, shape)
  SELECT job.id, gate.place, gate.kind, gate.key, gate.most, gate.ms, gate.policy, given.name,
    job.priority, job.state = 'blocked',
    bit_xor(queue_runtime.shape_of(gate.kind, gate.key, gate.most, given.name))
      OVER (PARTITION BY job.id)
  FROM ROWS FROM (json_to_recordset(jobs) AS (name text, gates json), unnest(chosen))
      AS given (name, gates, id)
    CROSS JOIN LATERAL (SELECT id, priority, state FROM queue_runtime.jobs
      WHERE id = given.id ${eachByItself}) AS job,
    ROWS FROM (json_to_recordset(given.gates)
      AS (kind text, key text, "limit" bigint, ms bigint, "onConflict" text))
      WITH ORDINALITY AS gate (kind, key, most, ms, policy, place);
  PERFORM queue_runtime.add_queue_gates(job.id, job.queue, job.priority, job.state = 'blocked',
    coalesce(job.unique_key, job.name))
  FROM queue_runtime.queue_settings AS setting JOIN queue_runtime.jobs AS job
    ON job.queue = setting.name WHERE job.id = ANY (chosen);
  IF FOUND THEN PERFORM queue_runtime.reshape(chosen); END IF;
END $$;`;

/** Those whose targets have all ended hear of it at once. */
const insertDependencies = `
  INSERT INTO queue_runtime.dependencies (job_id, on_id, if_fails)
  SELECT given.id, on_id::bigint, given.policy
  FROM ROWS FROM (json_to_recordset(jobs) AS (after json, "ifDependencyFails" text),
      unnest(chosen)) AS given (after, policy, id),
    json_array_elements_text(given.after) AS on_id
  WHERE given.id IS NOT NULL;
  waiting := array(SELECT id FROM unnest(ids, states) AS job (id, state)
    WHERE state = 'waiting' AND NOT EXISTS (
      SELECT FROM queue_runtime.dependencies AS dependency
        JOIN queue_runtime.jobs AS target ON target.id = dependency.on_id
      WHERE dependency.job_id = job.id));
  IF waiting <> '{}' THEN
    PERFORM queue_runtime.settle_waiting(waiting, true);
    states := array(SELECT (SELECT state FROM queue_runtime.jobs WHERE id = job.id)
      FROM unnest(ids) WITH ORDINALITY AS job (id, number) ORDER BY number);
  END IF;
  PERFORM queue_runtime.touch_all(array(
    SELECT id FROM unnest(ids, states) AS job (id, state) WHERE state = 'waiting'));`;

/**
 * `chosen`: their ids, in the order of the jobs and NULL for those to leave out. What is done for
 * one of those who wait for a key is done for the key.
 */
const insertJobs = `
CREATE FUNCTION queue_runtime.insert_jobs(jobs json, args json, chosen bigint[],
  OUT ids bigint[], OUT states text[]) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  kinds integer;
  waiting bigint[];
BEGIN${insertRows}
  IF kinds & ${anyGate} <> 0 THEN PERFORM queue_runtime.give_gates(jobs, chosen); END IF;
  IF kinds & ${links.dependency} <> 0 THEN${insertDependencies}
  END IF;
  IF kinds & ${links.unique} <> 0 THEN
    UPDATE queue_runtime.unique_keys AS entry SET held = false
    FROM unnest(insert_jobs.ids, insert_jobs.states) AS job (id, state)
    WHERE entry.job_id = job.id AND held AND job.state <> ALL (entry.states);
  END IF;
  IF kinds & ${anyGate} <> 0 THEN
    PERFORM queue_runtime.touch_all(array(
      SELECT min(job_id) FROM queue_runtime.job_gates WHERE job_id = ANY (ids) AND waits
      GROUP BY key));
  END IF;
END $$;`;

/** Not even one of its ids may be unknown, nor a batch that is over. */
const checkTies = `
CREATE FUNCTION queue_runtime.check_ties(jobs json) RETURNS void LANGUAGE plpgsql ${safely} AS $$
DECLARE
  wrong record;
BEGIN
  SELECT id INTO wrong FROM (
    SELECT DISTINCT id::bigint AS id FROM json_to_recordset(jobs) AS given (after json),
      json_array_elements_text(given.after) AS id
  ) AS target
  WHERE NOT EXISTS (SELECT FROM queue_runtime.all_jobs AS job WHERE job.id = target.id)
  ORDER BY id LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the job cannot be enqueued: there is no job % to come after', wrong.id
      USING ERRCODE = 'QR002';
  END IF;
  FOR wrong IN
    SELECT DISTINCT "batchId" AS id FROM json_to_recordset(jobs) AS given ("batchId" bigint)
    WHERE "batchId" IS NOT NULL ORDER BY id
  LOOP
    PERFORM FROM queue_runtime.batches
    WHERE id = wrong.id AND state IN ('open', 'sealed') FOR KEY SHARE;
    CONTINUE WHEN FOUND;
    IF EXISTS (SELECT FROM queue_runtime.batches WHERE id = wrong.id) THEN
      RAISE EXCEPTION 'the job cannot be enqueued: batch % is over', wrong.id
        USING ERRCODE = 'QR002', HINT = 'open another one';
    END IF;
    RAISE EXCEPTION 'the job cannot be enqueued: there is no batch %', wrong.id
      USING ERRCODE = 'QR002';
  END LOOP;
END $$;`;

export const inserting: string = [ids, giveGates, insertJobs, checkTies].join("\n");
