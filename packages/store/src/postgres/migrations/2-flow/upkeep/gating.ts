// For runs that learned of their gates and unique keys only when they were claimed: they came by
// name alone. The statement that ends these runs follows (turn/settle.ts): a job that has to give
// way is ended by it as if a person had cancelled it, one whose `run_at` is yet to come is scheduled.
//
// Nobody waits for long for a unique key that an open transaction has just taken: where it is not
// known yet whose it is, the job comes back after a while, with nothing changed.

import { anyGate, asOwner, links, queuePosition, safely } from "../links.ts";

/** How long a turn waits for a unique key, and after how long the job asks again; milliseconds. */
const waitsMs = 50;
const asksAgainMs = 1_000;

/** What the job has not already, as the `uniques` of a new one; NULL where there is nothing. */
const wanted = `
CREATE FUNCTION queue_runtime.wanted_uniques(run queue_runtime.jobs, uniques json) RETURNS json
LANGUAGE sql STABLE ${safely} AS $$
  SELECT json_agg(json_build_object('key', item.key, 'states', item.states, 'forMs', own.left_ms,
    'onConflict', CASE WHEN EXISTS (SELECT FROM queue_runtime.unique_keys AS taken
      WHERE taken.key = item.key AND held AND taken.job_id > run.id)
      THEN 'exists' ELSE item.policy END) ORDER BY item.place)
  FROM ROWS FROM (json_to_recordset(uniques)
      AS (key text, states json, "forMs" bigint, "onConflict" text))
      WITH ORDINALITY AS item (key, states, for_ms, policy, place)
    CROSS JOIN LATERAL (
      SELECT item.for_ms - (queue_runtime.now_ms() - run.created_at) AS left_ms) AS own
  WHERE coalesce(own.left_ms, 1) > 0 AND NOT EXISTS (SELECT FROM queue_runtime.unique_keys AS other
    WHERE other.job_id = run.id AND other.key = item.key)
$$;`;

/** A job that has begun takes them with its next move, those that are free. */
const later = `
CREATE FUNCTION queue_runtime.give_uniques(run queue_runtime.jobs, uniques json) RETURNS void
LANGUAGE sql ${safely} AS $$
  INSERT INTO queue_runtime.unique_keys (job_id, until, held, key, states)
  SELECT run.id, queue_runtime.now_ms() + item.ms, false, item.key,
    array(SELECT json_array_elements_text(item.states))
  FROM json_to_recordset(uniques) AS given (key text, states json, "forMs" bigint)
    CROSS JOIN LATERAL (SELECT given.key, given.states, given."forMs" AS ms) AS item
$$;`;

/** Another job that has one of them, if there is one: it has become this job if it had to. */
const claim = `
CREATE FUNCTION queue_runtime.claim_uniques(run queue_runtime.jobs, gates json, uniques json,
  OUT keeper bigint, OUT key text, OUT is_busy boolean)
LANGUAGE plpgsql ${safely} SET lock_timeout = ${waitsMs} AS $$
DECLARE
  element CONSTANT json := json_build_object('name', run.name, 'queue', run.queue,
    'priority', run.priority, 'label', run.label, 'uniques', uniques,
    'at', CASE WHEN run.run_at > run.created_at THEN run.run_at END,
    -- nobody is there to be told of a conflict
    'gates', array_to_json(array(SELECT CASE gate ->> 'onConflict' WHEN 'fail'
      THEN (gate::jsonb || '{"onConflict": "discard"}')::json ELSE gate END
      FROM json_array_elements(gates) AS gate)));
  answer record;
BEGIN
  is_busy := false;
  SELECT * INTO answer FROM queue_runtime.take_uniques(
    element, coalesce(run.args, 'null'), run.id);
  IF answer.outcome IS NULL THEN RETURN; END IF;
  keeper := answer.keeper;
  key := (SELECT item ->> 'key' FROM json_array_elements(uniques) WITH ORDINALITY
      AS each (item, place) JOIN queue_runtime.unique_keys AS taken
      ON taken.key = item ->> 'key' AND taken.held AND taken.job_id = answer.keeper
    ORDER BY place LIMIT 1);
EXCEPTION WHEN lock_not_available THEN
  is_busy := true;
END $$;`;

const giveOwn = `
CREATE FUNCTION queue_runtime.gate_run(run queue_runtime.jobs, gates json, uniques json,
  has_begun boolean) RETURNS void LANGUAGE plpgsql ${safely} AS $$
DECLARE
  own_key CONSTANT text := coalesce(run.unique_key, uniques -> 0 ->> 'key');
  shares text[];
BEGIN
  INSERT INTO queue_runtime.job_gates
    (job_id, position, kind, key, slots, ms, on_conflict, name, priority, waits)
  SELECT run.id, place, gate ->> 'kind', gate ->> 'key', (gate ->> 'limit')::bigint,
    (gate ->> 'ms')::bigint,
    CASE WHEN has_begun THEN 'block' ELSE gate ->> 'onConflict' END, run.name, run.priority, false
  FROM json_array_elements(gates) WITH ORDINALITY AS own (gate, place)
  ON CONFLICT DO NOTHING;
  -- who shares with whom is known only now: the job goes to the end of its own share
  WITH gone AS (
    DELETE FROM queue_runtime.job_gates WHERE job_id = run.id AND kind = 'fair'
      AND position >= ${queuePosition} RETURNING key
  )
  SELECT array_agg(key) INTO shares FROM gone;
  IF shares IS NOT NULL THEN
    UPDATE queue_runtime.jobs SET place = NULL WHERE id = run.id;
    -- whoever takes up that this run has begun no longer finds the share whose slot it left
    IF run.process_id IS NOT NULL THEN PERFORM queue_runtime.touch_first(shares); END IF;
  END IF;
  PERFORM queue_runtime.add_queue_gates(run.id, run.queue, run.priority, false,
    coalesce(own_key, run.name));
  PERFORM queue_runtime.reshape(ARRAY[run.id]);
  UPDATE queue_runtime.unique_keys SET held = false
  WHERE job_id = run.id AND held AND 'ready' <> ALL (states);
  UPDATE queue_runtime.jobs SET unique_key = own_key,
    linked = linked | ${links.keyed}
      | CASE WHEN own_key IS NULL THEN 0 ELSE ${links.unique} END
      | CASE WHEN EXISTS (SELECT FROM queue_runtime.job_gates WHERE job_id = run.id)
        THEN ${anyGate} ELSE 0 END,
    concurrency_key = coalesce(concurrency_key, gates -> 0 ->> 'key')
  WHERE id = run.id;
END $$;`;

/** `failure`: why it cannot be, and has to end; while it `is_busy` nothing has changed. */
const giveKeys = `
CREATE FUNCTION queue_runtime.give_keys(run queue_runtime.jobs, given json,
  OUT is_busy boolean, OUT failure json) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  has_begun CONSTANT boolean := run.attempts > (run.process_id IS NOT NULL)::integer
    OR run.interruptions > 0 OR run.crashes > 0;
  wanted CONSTANT json := queue_runtime.wanted_uniques(run, given -> 'uniques');
  answer record;
BEGIN
  is_busy := false;
  IF has_begun THEN
    PERFORM queue_runtime.give_uniques(run, wanted);
  ELSIF wanted IS NOT NULL THEN
    SELECT * INTO answer FROM queue_runtime.claim_uniques(run, given -> 'gates', wanted);
    is_busy := answer.is_busy;
    IF answer.keeper IS NOT NULL THEN
      failure := json_build_object('name', 'ConflictError',
        'message', 'job ' || answer.keeper || ' has its unique key ' || answer.key,
        'code', NULL, 'stack', NULL, 'cause', NULL);
    END IF;
    IF is_busy OR failure IS NOT NULL THEN RETURN; END IF;
  END IF;
  PERFORM queue_runtime.gate_run(run, given -> 'gates', wanted, has_begun);
END $$;`;

const gateRuns = `
CREATE FUNCTION queue_runtime.gate_runs(runs json) RETURNS void LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  run queue_runtime.jobs;
  given json;
  answer record;
BEGIN
  PERFORM FROM queue_runtime.jobs WHERE id = ANY (array(
    SELECT (element ->> 'id')::bigint FROM json_array_elements(runs) AS element))
  ORDER BY id FOR NO KEY UPDATE;
  FOR given IN SELECT element FROM json_array_elements(runs) AS element
    ORDER BY (element ->> 'id')::bigint
  LOOP
    SELECT * INTO run FROM queue_runtime.jobs
    WHERE id = (given ->> 'id')::bigint AND fence = (given ->> 'fence')::integer
      AND process_id IS NOT NULL AND cancel_requested_at IS NULL;
    CONTINUE WHEN NOT FOUND;
    answer := queue_runtime.give_keys(run, given);
    IF answer.is_busy THEN
      UPDATE queue_runtime.jobs SET run_at = queue_runtime.now_ms() + ${asksAgainMs}
      WHERE id = run.id;
    ELSIF answer.failure IS NOT NULL THEN
      UPDATE queue_runtime.jobs SET cancel_requested_at = queue_runtime.now_ms(),
        linked = linked | ${links.keyed}, error = answer.failure
      WHERE id = run.id;
    END IF;
  END LOOP;
END $$;`;

/** The same for jobs that wait: each comes anew, and triggers and policies do the rest. */
const gateWaiting = `
CREATE FUNCTION queue_runtime.gate_waiting(jobs json) RETURNS void
LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  run queue_runtime.jobs;
  given json;
  answer record;
  -- who found one of these locked left it to be taken up, and meant the share that it waits for
  shares CONSTANT text[] := array(SELECT DISTINCT key FROM queue_runtime.job_gates
    WHERE kind = 'fair' AND job_id = ANY (array(
      SELECT (element ->> 'id')::bigint FROM json_array_elements(jobs) AS element)));
BEGIN
  FOR given IN SELECT element FROM json_array_elements(jobs) AS element
    ORDER BY (element ->> 'id')::bigint
  LOOP
    SELECT * INTO run FROM queue_runtime.jobs
    WHERE id = (given ->> 'id')::bigint AND fence = (given ->> 'fence')::integer
      AND state = 'blocked' AND linked & ${links.keyed} = 0 AND concurrency_key IS NULL
    FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    UPDATE queue_runtime.jobs SET state = 'held' WHERE id = run.id;
    answer := queue_runtime.give_keys(run, given);
    IF answer.failure IS NOT NULL THEN
      PERFORM queue_runtime.end_job(run.id, 'cancelled', answer.failure);
    ELSE
      UPDATE queue_runtime.jobs SET state = 'ready', returned = true WHERE id = run.id;
    END IF;
  END LOOP;
  PERFORM queue_runtime.touch_first(shares);
END $$;`;

export const gating: string = [wanted, later, claim, giveOwn, giveKeys, gateRuns, gateWaiting].join(
  "\n",
);
