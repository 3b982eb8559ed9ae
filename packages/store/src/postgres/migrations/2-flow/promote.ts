// Who gets the free slots of a key: those who wait for it, in the order of priority and age,
// whatever their queue. A job takes all that it lacks or none: nobody holds one key while it waits
// for another. Nearly always those in front need nothing but this one key, and are made ready all
// at once. The keys are locked by who calls, see slots.ts.

import { inlined, safely } from "./links.ts";

/** How many who lack a slot of another key are passed over, before the rest has to wait. */
const farthest = 100;
/** How many are made ready in one statement. */
const atOnce = 1_000;

/** The gates of a job that it has no slot of. */
const lacking = `
CREATE FUNCTION queue_runtime.lacking(job bigint, now bigint)
RETURNS TABLE (place integer, gate_kind text, gate_key text, gate_ms bigint, policy text,
  is_free boolean) ${inlined} AS $$
  SELECT gate.position, gate.kind, gate.key, gate.ms, gate.on_conflict,
    (SELECT count(*) FROM (
      SELECT FROM queue_runtime.slots AS slot
      WHERE slot.key = gate.key AND (slot.job_id IS NOT NULL OR slot.expires_at > now)
      LIMIT said.most
    ) AS held) < said.most
  FROM queue_runtime.job_gates AS gate CROSS JOIN LATERAL (SELECT coalesce(
    (SELECT slots FROM queue_runtime.concurrency_limits AS own
      WHERE own.name = gate.name AND gate.kind = 'concurrency'), gate.slots) AS most) AS said
  WHERE gate.job_id = job AND NOT EXISTS (SELECT FROM queue_runtime.slots AS own
    WHERE own.job_id = job AND own.key = gate.key)
$$;`;

/**
 * Gives a blocked job the slots that it lacks, if all are free, and makes it ready. Keys that are
 * known are locked. Its row is not waited for: whoever has it locked changes something about the
 * job, or takes it away.
 */
const admit = `
CREATE FUNCTION queue_runtime.admit(job bigint, known text[]) RETURNS boolean
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.clock_ms();
  fits boolean;
  turns boolean;
  taken bigint[];
BEGIN
  SELECT bool_and(pg_try_advisory_xact_lock(queue_runtime.key_lock(key))) INTO fits
  FROM queue_runtime.job_gates WHERE job_id = job AND key <> ALL (known);
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
  IF NOT fits THEN RETURN false; END IF;
  UPDATE queue_runtime.jobs SET state = 'ready', returned = true,
    place = CASE WHEN turns THEN queue_runtime.next_place() ELSE place END
  WHERE id = (SELECT id FROM queue_runtime.jobs WHERE id = job AND state = 'blocked'
    FOR NO KEY UPDATE SKIP LOCKED);
  IF FOUND THEN RETURN true; END IF;
  DELETE FROM queue_runtime.slots WHERE id = ANY (taken);
  IF EXISTS (SELECT FROM queue_runtime.jobs WHERE id = job AND state = 'blocked') THEN
    INSERT INTO queue_runtime.touched (job_id) VALUES (job);
  ELSE
    UPDATE queue_runtime.job_gates SET waits = false WHERE job_id = job;
  END IF;
  RETURN false;
END $$;`;

/**
 * The first in the line of a key, as many as there are free slots, as long as each of them needs
 * nothing else. Rows that others have locked are left to those who ask for each.
 */
const together = `
CREATE FUNCTION queue_runtime.promote_together(wanted text, held bigint, most bigint)
RETURNS integer LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.clock_ms();
  line bigint[];
BEGIN
  SELECT array_agg(job_id ORDER BY job_id) INTO line FROM (
    SELECT job_id,
      bool_and(is_simple AND held + number <= most_slots) OVER (ORDER BY number) AS fits
    FROM (
      SELECT gate.job_id, row_number() OVER (ORDER BY gate.priority, gate.job_id) AS number,
        coalesce(said.slots, gate.slots) AS most_slots, gate.kind <> 'fair' AND NOT EXISTS (
          SELECT FROM queue_runtime.job_gates AS other
          WHERE other.job_id = gate.job_id AND other.key <> wanted
        ) AND NOT EXISTS (SELECT FROM queue_runtime.slots AS own
          WHERE own.job_id = gate.job_id) AS is_simple
      FROM (SELECT * FROM queue_runtime.job_gates AS gate WHERE key = wanted AND waits
        ORDER BY priority, job_id LIMIT least(most, ${atOnce})) AS gate
        LEFT JOIN queue_runtime.concurrency_limits AS said
          ON said.name = gate.name AND gate.kind = 'concurrency'
    ) AS each
  ) AS each WHERE fits;
  line := array(SELECT id FROM queue_runtime.jobs WHERE id = ANY (line) AND state = 'blocked'
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
  IF line = '{}' THEN RETURN 0; END IF;
  INSERT INTO queue_runtime.slots (job_id, since, expires_at, kind, key)
  SELECT job_id, now, CASE kind WHEN 'concurrency' THEN now + ms END, kind, key
  FROM queue_runtime.job_gates WHERE job_id = ANY (line) AND key = wanted;
  UPDATE queue_runtime.jobs SET state = 'ready', returned = true WHERE id = ANY (line);
  RETURN cardinality(line);
END $$;`;

const promote = `
CREATE FUNCTION queue_runtime.promote(keys text[], most integer) RETURNS integer
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  wanted text;
  first_in_line record;
  held bigint;
  widest bigint;
  overridden boolean := EXISTS (SELECT FROM queue_runtime.concurrency_limits);
  here integer;
  before integer;
  tried boolean;
  promoted integer := 0;
BEGIN
  FOREACH wanted IN ARRAY keys LOOP
    DELETE FROM queue_runtime.slots
    WHERE key = wanted AND job_id IS NULL AND expires_at <= queue_runtime.clock_ms();
    held := (SELECT count(*) FROM queue_runtime.slots WHERE key = wanted);
    here := 0;
    tried := false;
    <<line>> LOOP
      before := here;
      -- others may see more slots than the first one
      widest := (SELECT max(CASE WHEN overridden THEN coalesce((
          SELECT slots FROM queue_runtime.concurrency_limits AS said
          WHERE said.name = gate.name AND gate.kind = 'concurrency'), gate.slots)
        ELSE gate.slots END)
        FROM (SELECT * FROM queue_runtime.job_gates AS gate WHERE key = wanted AND waits
          ORDER BY priority, job_id LIMIT ${farthest}) AS gate);
      EXIT WHEN widest IS NULL OR held >= widest OR here >= most;
      IF NOT tried THEN
        tried := true;
        here := queue_runtime.promote_together(wanted, held, least(widest - held, most));
        held := held + here;
        CONTINUE WHEN here > 0;
      END IF;
      FOR first_in_line IN
        SELECT gate.job_id, coalesce(said.slots, gate.slots) AS slots
        FROM queue_runtime.job_gates AS gate LEFT JOIN queue_runtime.concurrency_limits AS said
          ON said.name = gate.name AND gate.kind = 'concurrency'
        WHERE gate.key = wanted AND gate.waits
        ORDER BY gate.priority, gate.job_id LIMIT ${farthest}
      LOOP
        EXIT line WHEN here >= most OR held >= widest;
        CONTINUE WHEN held >= first_in_line.slots;
        IF queue_runtime.admit(first_in_line.job_id, ARRAY[wanted]) THEN
          held := held + 1;
          here := here + 1;
        END IF;
      END LOOP;
      EXIT WHEN here = before;
    END LOOP;
    promoted := promoted + here;
  END LOOP;
  RETURN promoted;
END $$;`;

export const promotion: string = [lacking, admit, together, promote].join("\n");
