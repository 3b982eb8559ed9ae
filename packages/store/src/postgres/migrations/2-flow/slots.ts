// Slots: who may have one, and who is next.
//
// Keys are locked before anything about them is counted, each by an advisory lock until the end of
// the transaction, all that can be foreseen in one order. Every statement of a function sees what
// was committed before it began, so whoever has the lock counts right. Where a transaction needs
// very many, one lock for all keys takes their place: a server has room for some thousand. Others
// that turn out to be needed later are only tried, because who has them may be waiting for ours:
// such a job is left for the next who reconciles. Who gets slots is in promote.ts.

import { inlined, lockedKeys, queuePosition, safely } from "./links.ts";

/** Keys that are locked one by one. */
const few = 256;
const everything = "hashtextextended('queue_runtime', 4)";
/** How long a slot outlives the last sign of its holder, where nobody said it, in milliseconds. */
const slotMs = 180_000;
/** How many ready jobs a fair key may have at once while others wait. */
const fairShare = 4;

/** How long a turn waits for keys that somebody else has, in milliseconds. */
const patienceMs = 200;

/**
 * `lock_keys` waits where this transaction has locked none yet, or `must`; else who waits for whom
 * could be a circle. Unless it `must`, it does not wait for long: a turn that stood still would hold
 * up whatever else it carries. Answers which are locked. `try_keys` never waits.
 */
const locks = `
CREATE FUNCTION queue_runtime.key_lock(key text) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN hashtextextended('queue_runtime ' || key, 4);

CREATE FUNCTION queue_runtime.try_keys(keys text[]) RETURNS text[]
LANGUAGE plpgsql ${safely} AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock_shared(${everything}) THEN RETURN '{}'; END IF;
  PERFORM set_config(${lockedKeys}, 'some', true);
  RETURN array(SELECT key FROM unnest(keys) AS key
    WHERE pg_try_advisory_xact_lock(queue_runtime.key_lock(key)));
END $$;

CREATE FUNCTION queue_runtime.wait_for_keys(keys text[], every boolean) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
BEGIN
  PERFORM set_config(${lockedKeys}, CASE WHEN every THEN 'all' ELSE 'some' END, true);
  IF every THEN
    PERFORM pg_advisory_xact_lock(${everything});
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock_shared(${everything});
  PERFORM pg_advisory_xact_lock(each.lock) FROM (
    SELECT DISTINCT queue_runtime.key_lock(key) AS lock FROM unnest(keys) AS key
    ORDER BY lock OFFSET 0
  ) AS each;
END $$;

CREATE FUNCTION queue_runtime.wait_a_little(keys text[], every boolean) RETURNS boolean
LANGUAGE plpgsql ${safely} SET lock_timeout = ${patienceMs} AS $$
BEGIN
  PERFORM queue_runtime.wait_for_keys(keys, every);
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

CREATE FUNCTION queue_runtime.lock_keys(keys text[], must boolean) RETURNS text[]
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  before CONSTANT text := coalesce(current_setting(${lockedKeys}, true), '');
  -- what a setting says, anybody can say: who has the lock gets it once more at once
  every CONSTANT boolean := before = 'all' OR before = '' AND cardinality(keys) > ${few};
BEGIN
  IF must THEN
    PERFORM queue_runtime.wait_for_keys(keys, every);
    RETURN keys;
  END IF;
  IF before = 'some' THEN RETURN queue_runtime.try_keys(keys[1:${few}]); END IF;
  IF queue_runtime.wait_a_little(keys, every) THEN RETURN keys; END IF;
  RETURN queue_runtime.try_keys(keys[1:${few}]);
END $$;`;

/**
 * Keys as in ../../../rules/limits.ts. The share of a job is its first concurrency key, else its
 * first rate, else its unique key or its name.
 */
const queueGates = `
CREATE FUNCTION queue_runtime.queue_gates(queue text, share text)
RETURNS TABLE (place integer, gate_kind text, gate_key text, gate_slots bigint, gate_ms bigint)
${inlined} AS $$
  SELECT gate.* FROM queue_runtime.queue_settings AS setting CROSS JOIN LATERAL (VALUES
    (${queuePosition}, 'concurrency', 'queue:' || queue, setting.slots, ${slotMs}::bigint),
    (${queuePosition + 1}, 'rate', 'queue-rate:' || queue, setting.rate_burst,
      ceil(setting.rate_per_ms * setting.rate_burst / setting.rate_limit)::bigint),
    (${queuePosition + 2}, 'fair', 'queue-fair:'
        || replace(replace(queue, '%', '%25'), '/', '%2F') || '/' || share,
      CASE WHEN setting.fair THEN ${fairShare} END, 0)
  ) AS gate (place, kind, key, slots, ms)
  WHERE setting.name = queue_gates.queue AND gate.slots IS NOT NULL
$$;

CREATE FUNCTION queue_runtime.fair_share(job bigint, otherwise text) RETURNS text
LANGUAGE sql STABLE ${safely} AS $$
  SELECT coalesce((SELECT key FROM queue_runtime.job_gates
    WHERE job_id = job AND kind IN ('concurrency', 'rate') AND position < ${queuePosition}
    ORDER BY kind, position LIMIT 1), otherwise)
$$;

CREATE FUNCTION queue_runtime.fair_share_of(element json) RETURNS text
LANGUAGE sql STABLE ${safely} AS $$
  SELECT coalesce((SELECT gate ->> 'key'
    FROM json_array_elements(element -> 'gates') WITH ORDINALITY AS each (gate, number)
    WHERE gate ->> 'kind' IN ('concurrency', 'rate')
    ORDER BY gate ->> 'kind' COLLATE "C", number LIMIT 1),
    element -> 'uniques' -> 0 ->> 'key', element ->> 'name')
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

export const slots: string = [locks, queueGates, places].join("\n");
