// What a blocked job lacks, and giving it: all at once, or nothing.

import { eachByItself, inlined, safely } from "../links.ts";
import { isKept } from "./keep.ts";

/** The gates of a job that it has no slot of. */
const lacking = `
CREATE FUNCTION queue_runtime.lacking(job bigint, now bigint)
RETURNS TABLE (place integer, gate_kind text, gate_key text, gate_ms bigint, policy text,
  keeps boolean, is_free boolean) ${inlined} AS $$
  SELECT gate.position, gate.kind, gate.key, gate.ms, gate.on_conflict, gate.keeps,
    held.number < said.most AND NOT ${isKept("gate", "held.number")}
  FROM queue_runtime.job_gates AS gate CROSS JOIN LATERAL (SELECT coalesce(
    (SELECT slots FROM queue_runtime.concurrency_limits AS own
      WHERE own.name = gate.name AND gate.kind = 'concurrency'), gate.slots) AS most) AS said
    CROSS JOIN LATERAL (SELECT count(*) AS number FROM (
      SELECT FROM queue_runtime.slots AS slot
      WHERE slot.key = gate.key AND (slot.job_id IS NOT NULL OR slot.expires_at > now)
      LIMIT said.most
    ) AS slot) AS held
  WHERE gate.job_id = job AND NOT EXISTS (SELECT FROM queue_runtime.slots AS own
    WHERE own.job_id = job AND own.key = gate.key ${eachByItself})
$$;`;

/**
 * Gives a blocked job the slots that it lacks, if all are free, and makes it ready. Keys that are
 * known are locked. Its row is not waited for: whoever has it locked changes something about the
 * job, or takes it away. What it kept and does not take, others may have: it is touched.
 */
const admit = `
CREATE FUNCTION queue_runtime.admit(job bigint, known text[]) RETURNS boolean
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.clock_ms();
  fits boolean;
  kept boolean;
  turns boolean;
  taken bigint[];
BEGIN
  SELECT bool_and(pg_try_advisory_xact_lock(queue_runtime.key_lock(key))), bool_or(keeps)
  INTO fits, kept FROM queue_runtime.job_gates WHERE job_id = job AND key <> ALL (known);
  IF fits = false THEN
    INSERT INTO queue_runtime.touched (job_id) VALUES (job);
    RETURN false;
  END IF;
  WITH gate AS MATERIALIZED (SELECT * FROM queue_runtime.lacking(job, now)),
  room AS MATERIALIZED (SELECT coalesce(bool_and(is_free), true) AS fits FROM gate),
  slot AS (
    INSERT INTO queue_runtime.slots (job_id, since, expires_at, kind, key)
    SELECT job, now, CASE gate_kind WHEN 'concurrency' THEN now + gate_ms END, gate_kind, gate_key
    FROM gate WHERE (SELECT room.fits FROM room) RETURNING id, kind
  )
  SELECT room.fits, slot.ids, slot.is_fair INTO fits, taken, turns FROM room,
    (SELECT array_agg(id) AS ids, coalesce(bool_or(kind = 'fair'), false) AS is_fair FROM slot)
      AS slot;
  IF NOT fits THEN
    PERFORM queue_runtime.keep(job, now);
    RETURN false;
  END IF;
  UPDATE queue_runtime.jobs SET state = 'ready', returned = true,
    place = CASE WHEN turns THEN queue_runtime.next_place() ELSE place END
  WHERE id = (SELECT id FROM queue_runtime.jobs WHERE id = job AND state = 'blocked'
    FOR NO KEY UPDATE SKIP LOCKED);
  IF FOUND THEN
    IF kept THEN PERFORM queue_runtime.touch(job); END IF;
    RETURN true;
  END IF;
  DELETE FROM queue_runtime.slots WHERE id = ANY (taken);
  IF EXISTS (SELECT FROM queue_runtime.jobs WHERE id = job AND state = 'blocked') THEN
    INSERT INTO queue_runtime.touched (job_id) VALUES (job);
  ELSE
    UPDATE queue_runtime.job_gates SET waits = false, keeps = false WHERE job_id = job;
  END IF;
  RETURN false;
END $$;`;

export const admission: string = [lacking, admit].join("\n");
