// What has to be looked after now and then: slots that outlived their holders, rates that have
// rested, keys that are over; and the settings of queues, which become gates of their jobs.

import {
  anyGate,
  asOwner,
  awaited,
  eachByItself,
  lacksSlot,
  queuePosition,
  safely,
} from "./links.ts";

/** Slots that have rested, per call: their keys are locked. */
const part = 250;

/** When the first slot is free again of a key that somebody waits for. */
const next = `
CREATE FUNCTION queue_runtime.next_rested() RETURNS bigint LANGUAGE sql ${safely} AS $$
  WITH RECURSIVE awaited (key) AS (
    (SELECT key FROM queue_runtime.job_gates WHERE waits AND kind = 'rate' ORDER BY key LIMIT 1)
    UNION ALL
    SELECT gate.key FROM awaited CROSS JOIN LATERAL (
      SELECT key FROM queue_runtime.job_gates
      WHERE waits AND kind = 'rate' AND key > awaited.key ORDER BY key LIMIT 1) AS gate
  )
  SELECT CASE WHEN count(*) > 0 THEN
    greatest(0, min(slot.expires_at) - queue_runtime.clock_ms()) END
  FROM awaited CROSS JOIN LATERAL (SELECT expires_at FROM queue_runtime.slots
    WHERE key = awaited.key AND job_id IS NULL ORDER BY key, id ${eachByItself}) AS slot
$$;`;

const refill = `
CREATE FUNCTION queue_runtime.refill(OUT freed integer, OUT promoted integer, OUT next_ms bigint,
  OUT more boolean) LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.clock_ms();
  keys text[];
BEGIN
  SELECT array_agg(DISTINCT key ORDER BY key), count(*) = ${part} INTO keys, more FROM (
    SELECT key FROM queue_runtime.slots WHERE kind = 'rate' AND expires_at <= now
    ORDER BY expires_at LIMIT ${part}) AS slot;
  freed := 0;
  promoted := 0;
  IF keys <> '{}' THEN
    keys := queue_runtime.lock_keys(keys, false);
    DELETE FROM queue_runtime.slots
    WHERE key = ANY (keys) AND job_id IS NULL AND kind = 'rate' AND expires_at <= now;
    GET DIAGNOSTICS freed = ROW_COUNT;
    promoted := queue_runtime.promote(${awaited("keys")}, 1000);
  END IF;
  next_ms := queue_runtime.next_rested();
END $$;

CREATE FUNCTION queue_runtime.take_slot(wanted text, most bigint, rests bigint) RETURNS bigint
LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  now bigint;
  over bigint;
BEGIN
  PERFORM queue_runtime.lock_keys(ARRAY[wanted], true);
  now := queue_runtime.clock_ms();
  DELETE FROM queue_runtime.slots WHERE key = wanted AND job_id IS NULL AND expires_at <= now;
  over := (SELECT count(*) FROM queue_runtime.slots WHERE key = wanted) - most;
  IF over < 0 THEN
    INSERT INTO queue_runtime.slots (since, expires_at, kind, key)
    VALUES (now, now + rests, 'rate', wanted);
    RETURN 0;
  END IF;
  RETURN greatest(1, coalesce((SELECT expires_at FROM queue_runtime.slots
    WHERE key = wanted AND job_id IS NULL ORDER BY expires_at LIMIT 1 OFFSET over) - now, rests));
END $$;`;

/** Slots can only expire when their holders are gone; of those that did, the living keep theirs. */
const expire = `
CREATE FUNCTION queue_runtime.free_expired(most integer) RETURNS integer
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.clock_ms();
  keys text[] := array(SELECT DISTINCT key FROM (
    SELECT key FROM queue_runtime.slots WHERE kind = 'concurrency' AND expires_at <= now
    ORDER BY expires_at LIMIT most) AS slot);
  freed integer;
BEGIN
  keys := queue_runtime.try_keys(keys);
  UPDATE queue_runtime.slots AS slot SET expires_at = now + gate.ms
  FROM queue_runtime.job_gates AS gate, queue_runtime.jobs AS job
  WHERE slot.key = ANY (keys) AND slot.kind = 'concurrency' AND slot.expires_at <= now
    AND gate.job_id = slot.job_id AND gate.key = slot.key AND job.id = slot.job_id
    AND job.state IN ('scheduled', 'blocked', 'ready', 'running');
  DELETE FROM queue_runtime.slots
  WHERE key = ANY (keys) AND kind = 'concurrency' AND expires_at <= now;
  GET DIAGNOSTICS freed = ROW_COUNT;
  DELETE FROM queue_runtime.slots AS slot WHERE kind = 'fair' AND since < now - 60000
    AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = slot.job_id ${eachByItself});
  RETURN freed;
END $$;`;

/**
 * `last` is where the next call goes on; '' at the end. Keys that others have just locked are left
 * to them and to the next call.
 */
const maintain = `
CREATE FUNCTION queue_runtime.maintain(most integer, beyond text,
  OUT freed integer, OUT promoted integer, OUT next_ms bigint, OUT last text)
LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  keys text[];
BEGIN
  freed := queue_runtime.free_expired(most);
  keys := array(
    WITH RECURSIVE awaited (key, number) AS (
      (SELECT key, 1 FROM queue_runtime.job_gates
        WHERE waits AND key > beyond ORDER BY key LIMIT 1)
      UNION ALL
      SELECT gate.key, number + 1 FROM awaited CROSS JOIN LATERAL (
        SELECT key FROM queue_runtime.job_gates
        WHERE waits AND key > awaited.key ORDER BY key LIMIT 1) AS gate
      WHERE number < most
    )
    SELECT key FROM awaited ORDER BY key);
  last := CASE WHEN cardinality(keys) >= most THEN keys[cardinality(keys)] ELSE '' END;
  keys := queue_runtime.try_keys(keys);
  promoted := queue_runtime.promote(keys, 1);
  DELETE FROM queue_runtime.unique_keys WHERE ctid = ANY (array(
    SELECT ctid FROM queue_runtime.unique_keys WHERE until <= queue_runtime.clock_ms()
    ORDER BY until LIMIT 1000 FOR UPDATE SKIP LOCKED));
  PERFORM queue_runtime.touch(-id) FROM (
    SELECT id FROM queue_runtime.batches AS batch WHERE state = 'sealed'
      AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE batch_id = batch.id)
    ORDER BY id LIMIT 100) AS batch;
  next_ms := queue_runtime.next_rested();
END $$;`;

/**
 * Their own gates these jobs keep; they get or lose those of their queue. Runs go on as they are,
 * and are lent slots even where there are more of them than slots. Rows are locked before keys, as
 * by all who change both.
 */
const regate = `
CREATE FUNCTION queue_runtime.regate(these bigint[]) RETURNS void LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  job record;
BEGIN
  PERFORM FROM queue_runtime.jobs WHERE id = ANY (these) ORDER BY id FOR NO KEY UPDATE;
  PERFORM queue_runtime.lock_keys(array(
    SELECT DISTINCT 'queue:' || queue FROM queue_runtime.jobs WHERE id = ANY (these)), true);
  FOR job IN
    SELECT id, queue, state, linked, priority, coalesce(unique_key, name) AS share
    FROM queue_runtime.jobs WHERE id = ANY (these) ORDER BY process_id IS NULL, id FOR NO KEY UPDATE
  LOOP
    WITH gone AS (
      DELETE FROM queue_runtime.job_gates WHERE job_id = job.id AND position >= ${queuePosition}
        AND key NOT IN (SELECT gate_key FROM queue_runtime.queue_gates(job.queue,
          queue_runtime.fair_share(job.id, job.share)))
      RETURNING key
    )
    DELETE FROM queue_runtime.slots WHERE job_id = job.id AND key IN (SELECT key FROM gone);
    PERFORM queue_runtime.add_queue_gates(job.id, job.queue, job.priority, job.state = 'blocked',
      job.share);
    PERFORM queue_runtime.reshape(ARRAY[job.id]);
    IF job.state = 'running' THEN
      INSERT INTO queue_runtime.slots (job_id, since, expires_at, lent, kind, key)
      SELECT job.id, now, now + gate.ms, true, gate.kind, gate.key
      FROM queue_runtime.job_gates AS gate, queue_runtime.clock_ms() AS now
      WHERE gate.job_id = job.id AND gate.position >= ${queuePosition}
        AND gate.kind = 'concurrency' AND NOT EXISTS (SELECT FROM queue_runtime.slots AS own
          WHERE own.job_id = job.id AND own.key = gate.key);
    ELSIF job.state = 'ready' AND ${lacksSlot("job.id")} THEN
      job.state := 'blocked';
    ELSIF job.state = 'blocked' THEN
      PERFORM queue_runtime.touch(job.id);
    END IF;
    UPDATE queue_runtime.jobs SET linked = linked | ${anyGate}, state = job.state
    WHERE id = job.id AND (linked & ${anyGate} <> ${anyGate} OR state <> job.state);
  END LOOP;
END $$;

CREATE FUNCTION queue_runtime.regate_queue(named text, beyond bigint, most integer)
RETURNS bigint LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  ids bigint[] := array(SELECT id FROM queue_runtime.jobs
    WHERE queue = named AND id > beyond ORDER BY id LIMIT most);
  runs bigint[] := '{}';
BEGIN
  IF beyond = 0 THEN
    runs := array(SELECT id FROM queue_runtime.jobs WHERE state = 'running' AND queue = named);
  END IF;
  -- runs first: they have their slots before anybody else gets one
  PERFORM queue_runtime.regate(runs || ids);
  RETURN CASE WHEN cardinality(ids) >= most THEN ids[most] END;
END $$;

CREATE FUNCTION queue_runtime.regate_among(ids bigint[]) RETURNS void
LANGUAGE plpgsql ${asOwner} AS $$
BEGIN
  IF EXISTS (SELECT FROM queue_runtime.queue_settings) THEN
    PERFORM queue_runtime.regate(array(SELECT id FROM queue_runtime.jobs
      WHERE id = ANY (ids) AND queue IN (SELECT name FROM queue_runtime.queue_settings)));
  END IF;
END $$;

CREATE FUNCTION queue_runtime.regate_missed(most integer) RETURNS void
LANGUAGE plpgsql ${asOwner} AS $$
BEGIN
  PERFORM queue_runtime.regate(array(
    SELECT job.id FROM queue_runtime.queue_settings AS setting,
      (VALUES (false), (true)) AS way (returned)
    CROSS JOIN LATERAL (SELECT id FROM queue_runtime.jobs
      WHERE state = 'ready' AND crashes_since_checkpoint < 2 AND returned = way.returned
        AND queue = setting.name AND linked & ${anyGate} = 0 LIMIT most) AS job));
END $$;`;

export const upkeep: string = [next, refill, expire, maintain, regate].join("\n");
