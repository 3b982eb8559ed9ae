// Unique keys. A partial unique index over the entries that are held decides, never a lock. A job
// has its entries for as long as it may come back; they are held while its state is one of those
// it named, until their time is over; one that has a time and is held when its job is deleted stays
// until then. An entry that no trigger has seen to is found where it is in the way, and goes.
//
// Nothing locks the entry that is in the way: a transaction of an application may stay open, and
// the job that has the key must be able to end meanwhile. Nor does a run wait for such a
// transaction: where it wants a key back that somebody is about to take, it goes on without.

import { safely } from "./links.ts";

/** How long a run waits for a key that somebody is just taking, in milliseconds. */
const runWaitsMs = 50;
/** And a person for a job to be retried. */
const retryWaitsMs = 1_000;

const inTime = "coalesce(until > queue_runtime.now_ms(), true)";

/**
 * `now_in`: where the job is now; NULL: nowhere. One that is `over` never comes back. Without CREATE.
 */
export const keepUniques = (
  name: string,
  over: string,
): string => `FUNCTION queue_runtime.${name}(job bigint, now_in text) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  is_lost boolean;
  is_wanted boolean;
BEGIN
  IF now_in IS NULL THEN
    DELETE FROM queue_runtime.unique_keys
    WHERE job_id = job AND NOT (held AND coalesce(until > queue_runtime.now_ms(), false));
    RETURN;
  END IF;
  SELECT bool_or(held), bool_or(NOT held) INTO is_lost, is_wanted
  FROM queue_runtime.unique_keys
  WHERE job_id = job AND held <> (now_in = ANY (states) AND ${inTime});
  IF is_wanted THEN PERFORM queue_runtime.take_back(job, now_in); END IF;
  IF ${over} THEN
    DELETE FROM queue_runtime.unique_keys
    WHERE job_id = job AND NOT (held AND now_in = ANY (states));
  ELSIF is_lost THEN
    UPDATE queue_runtime.unique_keys SET held = false
    WHERE job_id = job AND held AND NOT (now_in = ANY (states) AND ${inTime});
  END IF;
END $$;`;

const keep = `
CREATE ${keepUniques("keep_uniques", "now_in = 'finished'")}

CREATE FUNCTION queue_runtime.take_back(job bigint, now_in text) RETURNS void
LANGUAGE plpgsql ${safely} SET lock_timeout = ${runWaitsMs} AS $$
DECLARE
  wanted text;
BEGIN
  FOR wanted IN
    SELECT key FROM queue_runtime.unique_keys
    WHERE job_id = job AND NOT held AND now_in = ANY (states) AND ${inTime} ORDER BY key
  LOOP
    PERFORM queue_runtime.clear_uniques(ARRAY[wanted]);
    CONTINUE WHEN EXISTS (SELECT FROM queue_runtime.unique_keys WHERE key = wanted AND held);
    BEGIN
      UPDATE queue_runtime.unique_keys SET held = true WHERE job_id = job AND key = wanted;
    EXCEPTION WHEN unique_violation OR lock_not_available THEN
      NULL;
    END;
  END LOOP;
END $$;`;

/** Of these keys, entries that are in the way for no reason. Answers whether there were any. */
const clear = `
CREATE FUNCTION queue_runtime.clear_uniques(keys text[]) RETURNS boolean
LANGUAGE plpgsql ${safely} AS $$
BEGIN
  DELETE FROM queue_runtime.unique_keys WHERE ctid = ANY (array(
    SELECT taken.ctid FROM queue_runtime.unique_keys AS taken
    WHERE key = ANY (keys) AND held AND (NOT ${inTime} OR NOT coalesce((
      SELECT job.state = ANY (taken.states) FROM queue_runtime.all_jobs AS job
      WHERE job.id = taken.job_id), until IS NOT NULL))
    ORDER BY key FOR UPDATE SKIP LOCKED));
  RETURN FOUND;
END $$;`;

const isWanted = (entry: string): string => `NOT ${entry}.held
        AND 'ready' = ANY (${entry}.states) AND ${inTime}`;

/**
 * For ended jobs that are to come back: their keys are taken again. Answers those that have to
 * stay, with a key of theirs that another job has, and which one: 0 while that is being enqueued.
 *
 * All are asked for at once, and of two who want one key the older gets it. Probes under negative
 * ids find out who gets all that he wants: what meets with others is an insert, never an update,
 * and so never an error. The oldest who gets only some may keep them from others: without him it
 * is tried anew.
 */
const retake = `
CREATE FUNCTION queue_runtime.retake_uniques(ids bigint[])
RETURNS TABLE (job bigint, taken text, holder bigint)
LANGUAGE plpgsql ${safely} SET lock_timeout = ${retryWaitsMs} AS $$
DECLARE
  rest bigint[] := ids;
  whole bigint[];
  torn bigint;
BEGIN
  IF ids = '{}' THEN RETURN; END IF;
  PERFORM queue_runtime.clear_uniques(array(
    SELECT key FROM queue_runtime.unique_keys WHERE job_id = ANY (ids)));
  LOOP
    INSERT INTO queue_runtime.unique_keys (job_id, held, key, states)
    SELECT -job_id, true, key, '{}' FROM queue_runtime.unique_keys AS own
    WHERE job_id = ANY (rest) AND ${isWanted("own")}
    ORDER BY key, job_id ON CONFLICT DO NOTHING;
    SELECT array_agg(id) FILTER (WHERE has = wants), min(id) FILTER (WHERE has < wants AND has > 0)
    INTO whole, torn FROM (
      SELECT own.job_id AS id, count(*) AS wants, count((SELECT true
        FROM queue_runtime.unique_keys AS probe
        WHERE probe.job_id = -own.job_id AND probe.key = own.key)) AS has
      FROM queue_runtime.unique_keys AS own
      WHERE own.job_id = ANY (rest) AND ${isWanted("own")} GROUP BY own.job_id
    ) AS each;
    DELETE FROM queue_runtime.unique_keys
    WHERE job_id = ANY (array(SELECT -id FROM unnest(rest) AS id));
    UPDATE queue_runtime.unique_keys AS own SET held = true
    WHERE job_id = ANY (whole) AND ${isWanted("own")};
    EXIT WHEN torn IS NULL;
    rest := array(SELECT id FROM unnest(rest) AS id
      WHERE id <> torn AND id <> ALL (coalesce(whole, '{}')) ORDER BY id);
  END LOOP;
  RETURN QUERY SELECT DISTINCT ON (own.job_id) own.job_id, own.key, other.job_id
  FROM queue_runtime.unique_keys AS own CROSS JOIN LATERAL (
    SELECT job_id FROM queue_runtime.unique_keys WHERE key = own.key AND held) AS other
  WHERE own.job_id = ANY (ids) AND ${isWanted("own")} ORDER BY own.job_id, own.key;
EXCEPTION WHEN lock_not_available THEN
  IF cardinality(ids) = 1 THEN
    RETURN QUERY SELECT own.job_id, min(own.key), 0::bigint
    FROM queue_runtime.unique_keys AS own
    WHERE own.job_id = ids[1] AND ${isWanted("own")} GROUP BY own.job_id;
    RETURN;
  END IF;
  FOREACH torn IN ARRAY ids LOOP
    RETURN QUERY SELECT * FROM queue_runtime.retake_uniques(ARRAY[torn]);
  END LOOP;
END $$;`;

const items = `ROWS FROM (json_to_recordset(jobs) AS (uniques json), unnest(open))
      AS given (uniques, job)
    CROSS JOIN LATERAL ROWS FROM (json_to_recordset(given.uniques)
      AS (key text, "forMs" bigint, states json, "onConflict" text))
      WITH ORDINALITY AS item (key, ms, states, policy, place)`;

/**
 * For many new jobs at once: `open` are their ids, in the order of the jobs and NULL where a job
 * has been decided. Answers those who have all their keys now, or need none. Of several who want a
 * key only the first asks for it; keys are taken in one order by all.
 */
const takeTogether = `
CREATE FUNCTION queue_runtime.take_together(jobs json, open bigint[]) RETURNS bigint[]
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  whole bigint[];
  torn bigint[];
BEGIN
  WITH wanted AS MATERIALIZED (
    SELECT job, key, states, until, bool_and(is_first) OVER (PARTITION BY job) AS may FROM (
      SELECT job, key COLLATE "C" AS key, array(SELECT json_array_elements_text(states)) AS states,
        queue_runtime.now_ms() + ms AS until,
        row_number() OVER (PARTITION BY key ORDER BY job) = 1 AS is_first
      FROM ${items} WHERE job IS NOT NULL
    ) AS each
  ), taken AS (
    INSERT INTO queue_runtime.unique_keys (job_id, until, held, key, states)
    SELECT job, until, true, key, states FROM wanted WHERE may ORDER BY key
    ON CONFLICT DO NOTHING RETURNING job_id
  ), counted AS (
    SELECT job, sum(wants) AS wants, sum(has) AS has FROM (
      SELECT job, 0 AS wants, 0 AS has FROM unnest(open) AS job WHERE job IS NOT NULL
      UNION ALL SELECT job, 1, 0 FROM wanted
      UNION ALL SELECT job_id, 0, 1 FROM taken
    ) AS each GROUP BY job
  )
  SELECT array_agg(job) FILTER (WHERE has = wants),
    array_agg(job) FILTER (WHERE has > 0 AND has < wants)
  INTO whole, torn FROM counted;
  IF torn <> '{}' THEN DELETE FROM queue_runtime.unique_keys WHERE job_id = ANY (torn); END IF;
  RETURN coalesce(whole, '{}');
END $$;

CREATE FUNCTION queue_runtime.exist_together(jobs json, open bigint[], OUT ids bigint[],
  OUT keepers bigint[]) LANGUAGE plpgsql ${safely} AS $$
BEGIN
  SELECT array_agg(job), array_agg(keeper) INTO ids, keepers FROM (
    SELECT job, (array_agg(taken.job_id ORDER BY place))[1] AS keeper
    FROM ${items} LEFT JOIN LATERAL (
      SELECT job_id FROM queue_runtime.unique_keys WHERE key = item.key AND held) AS taken ON true
    WHERE job IS NOT NULL GROUP BY job
    HAVING count(*) = count(taken.job_id) AND bool_and(policy = 'exists')
  ) AS each;
END $$;`;

/** For one job: all keys or none; `outcome` is NULL when it has them. */
const take = `
CREATE FUNCTION queue_runtime.take_uniques(element json, args json, job bigint,
  OUT keeper bigint, OUT outcome text) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  wanted record;
  other bigint;
  decides integer;
  policy text;
BEGIN
  FOR wanted IN
    SELECT (item ->> 'key') COLLATE "C" AS key, item ->> 'onConflict' AS policy, place,
      array(SELECT json_array_elements_text(item -> 'states')) AS states,
      queue_runtime.now_ms() + (item ->> 'forMs')::bigint AS until
    FROM json_array_elements(element -> 'uniques') WITH ORDINALITY AS each (item, place)
    ORDER BY 1
  LOOP
    LOOP
      INSERT INTO queue_runtime.unique_keys (job_id, until, held, key, states)
      VALUES (job, wanted.until, true, wanted.key, wanted.states) ON CONFLICT DO NOTHING;
      EXIT WHEN FOUND;
      CONTINUE WHEN queue_runtime.clear_uniques(ARRAY[wanted.key]);
      SELECT job_id INTO other FROM queue_runtime.unique_keys AS taken
      WHERE taken.key = wanted.key AND held;
      CONTINUE WHEN NOT FOUND;
      IF decides IS NULL OR wanted.place < decides THEN
        decides := wanted.place;
        keeper := other;
        policy := wanted.policy;
      END IF;
      EXIT;
    END LOOP;
  END LOOP;
  IF decides IS NULL THEN RETURN; END IF;
  DELETE FROM queue_runtime.unique_keys WHERE job_id = job AND key IN (
    SELECT item ->> 'key' FROM json_array_elements(element -> 'uniques') AS item);
  outcome := CASE policy WHEN 'exists' THEN 'exists'
    ELSE queue_runtime.replace_job(keeper, element, args, policy = 'debounce') END;
END $$;`;

export const uniques: string = [clear, keep, retake, take, takeTogether].join("\n");
