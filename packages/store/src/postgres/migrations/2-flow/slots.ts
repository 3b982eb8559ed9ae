// Slots: who may have one, and who is next.
//
// Keys are locked before anything about them is counted, each by an advisory lock until the end of
// the transaction, all that can be foreseen in one order. Every statement of a function sees what
// was committed before it began, so whoever has the lock counts right. Where a transaction needs
// very many, one lock for all keys takes their place: a server has room for some thousand. Others
// that turn out to be needed later are only tried, because who has them may be waiting for ours:
// such a job is left for the next who reconciles.
//
// Promotion goes through those who wait for a key in the order of priority and age, whatever their
// queue. A job takes all that it lacks or none: nobody holds one key while it waits for another.

import { inlined, queuePosition, safely } from "./links.ts";

/** Keys that are locked one by one. */
const few = 256;
/** How many who lack a slot of another key are passed over, before the rest has to wait. */
const farthest = 100;
/** How long a slot outlives the last sign of its holder, where nobody said it, in milliseconds. */
const slotMs = 180_000;
/** How many ready jobs a fair key may have at once while others wait. */
const fairShare = 4;

const locks = `
CREATE FUNCTION queue_runtime.key_lock(key text) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN hashtextextended('queue_runtime ' || key, 4);

CREATE FUNCTION queue_runtime.lock_keys(keys text[], first boolean) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  everything CONSTANT bigint := hashtextextended('queue_runtime', 4);
BEGIN
  IF first AND cardinality(keys) > ${few} THEN
    PERFORM pg_advisory_xact_lock(everything);
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(everything);
  PERFORM pg_advisory_xact_lock(each.lock) FROM (
    SELECT DISTINCT queue_runtime.key_lock(key) AS lock FROM unnest(keys) AS key
    ORDER BY lock OFFSET 0
  ) AS each;
END $$;`;

const queueGates = `
CREATE FUNCTION queue_runtime.queue_gates(queue text, share text)
RETURNS TABLE (place integer, gate_kind text, gate_key text, gate_slots bigint, gate_ms bigint)
${inlined} AS $$
  SELECT gate.* FROM queue_runtime.queue_settings AS setting CROSS JOIN LATERAL (VALUES
    (${queuePosition}, 'concurrency', 'queue:' || queue, setting.slots, ${slotMs}::bigint),
    (${queuePosition + 1}, 'rate', 'queue:' || queue || ':rate', setting.rate_burst,
      ceil(setting.rate_per_ms * setting.rate_burst / setting.rate_limit)::bigint),
    (${queuePosition + 2}, 'fair', 'queue:' || queue || ':fair:' || share,
      CASE WHEN setting.fair THEN ${fairShare} END, 0)
  ) AS gate (place, kind, key, slots, ms)
  WHERE setting.name = queue_gates.queue AND gate.slots IS NOT NULL
$$;

CREATE FUNCTION queue_runtime.fair_share(job bigint, otherwise text) RETURNS text
LANGUAGE sql STABLE ${safely} AS $$
  SELECT coalesce((SELECT key FROM queue_runtime.job_gates
    WHERE job_id = job AND kind = 'concurrency' AND position < ${queuePosition}
    ORDER BY position LIMIT 1), otherwise)
$$;

CREATE FUNCTION queue_runtime.add_queue_gates(
  job bigint, queue text, priority bigint, waits boolean, share text
) RETURNS void LANGUAGE sql ${safely} AS $$
  INSERT INTO queue_runtime.job_gates AS old
    (job_id, position, kind, key, slots, ms, on_conflict, name, priority, waits)
  SELECT job, place, gate_kind, gate_key, gate_slots, gate_ms, 'block', '',
    add_queue_gates.priority, add_queue_gates.waits
  FROM queue_runtime.queue_gates(add_queue_gates.queue, queue_runtime.fair_share(job, share))
  ON CONFLICT (job_id, key) DO UPDATE SET slots = EXCLUDED.slots, ms = EXCLUDED.ms
  WHERE old.position >= ${queuePosition}
$$;`;

/** Behind all jobs that are there, and before those to come. */
const places = `
CREATE FUNCTION queue_runtime.next_place() RETURNS bigint LANGUAGE sql VOLATILE
SECURITY DEFINER ${safely} AS $$ SELECT nextval('queue_runtime.jobs_id_seq') $$;`;

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
 * known are locked. Its row is not waited for: whoever has it locked changes something about the job, or takes it away.
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
  promoted integer := 0;
BEGIN
  FOREACH wanted IN ARRAY keys LOOP
    DELETE FROM queue_runtime.slots
    WHERE key = wanted AND job_id IS NULL AND expires_at <= queue_runtime.clock_ms();
    held := (SELECT count(*) FROM queue_runtime.slots WHERE key = wanted);
    here := 0;
    <<line>> LOOP
      before := here;
      -- others may see more slots than the first one
      widest := (SELECT max(CASE WHEN overridden THEN coalesce((
          SELECT slots FROM queue_runtime.concurrency_limits AS said
          WHERE said.name = gate.name AND gate.kind = 'concurrency'), gate.slots)
        ELSE gate.slots END)
        FROM (SELECT * FROM queue_runtime.job_gates AS gate WHERE key = wanted AND waits
          ORDER BY priority, job_id LIMIT ${farthest}) AS gate);
      EXIT WHEN widest IS NULL OR held >= widest;
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

export const slots: string = [locks, queueGates, places, lacking, admit, promote].join("\n");
