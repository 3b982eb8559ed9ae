// Takes up what was touched, in the transaction that touched it: slots of ended jobs are free, the
// next who wait for them are ready, dependants go on or fail, batches are over.
//
// What one transaction takes up is bounded, and so are the keys that it locks; the rest is left in
// `touched`. There it is safe: it was written by the transaction that made the change. The same
// happens to what needs keys that others have, once this transaction has locked some; and in a
// transaction that does not see what others commit meanwhile, and so cannot count.

import {
  asOwner,
  awaited,
  eachByItself,
  lacksSlot,
  lockedKeys,
  safely,
  touchedList,
} from "./links.ts";

/** Jobs that are taken up together, and per transaction. */
const part = 500;
const bound = 2_000;

/** One of those who wait for each key: what is done for one is done for the key. */
const first = `
CREATE FUNCTION queue_runtime.touch_first(keys text[]) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
BEGIN
  PERFORM queue_runtime.touch_all(array(
    SELECT DISTINCT first.job_id FROM unnest(keys) AS wanted (key) CROSS JOIN LATERAL (
      SELECT job_id FROM queue_runtime.job_gates WHERE key = wanted.key AND waits
      ORDER BY priority, job_id LIMIT 1) AS first));
END $$;`;

/** `returns`: who may come back of those that have ended. Without CREATE. */
export const reconcileSome = (
  returns: string,
): string => `FUNCTION queue_runtime.reconcile_some(work bigint[], OUT promoted integer,
  OUT busy boolean) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  keys text[];
  locked text[];
  waited boolean;
  later bigint[];
  each bigint;
BEGIN
  promoted := 0;
  FOREACH each IN ARRAY work LOOP
    CONTINUE WHEN each > 0;
    PERFORM queue_runtime.close_batch(-each);
  END LOOP;
  busy := NOT queue_runtime.settle_waiting(work, false);
  keys := array(SELECT key FROM queue_runtime.job_gates WHERE job_id = ANY (work)
    UNION (SELECT key FROM queue_runtime.slots WHERE job_id = ANY (work) ORDER BY job_id));
  IF keys <> '{}' THEN
    -- where it has waited in vain, it would do so again
    waited := coalesce(current_setting(${lockedKeys}, true), '') = '';
    locked := queue_runtime.lock_keys(keys, false);
    IF cardinality(locked) < cardinality(keys) THEN
      busy := busy OR NOT waited;
      later := array(
        SELECT job_id FROM queue_runtime.job_gates
        WHERE job_id = ANY (work) AND key <> ALL (locked)
        UNION SELECT job_id FROM queue_runtime.slots
        WHERE job_id = ANY (work) AND key <> ALL (locked));
      INSERT INTO queue_runtime.touched (job_id) SELECT unnest(later);
      work := array(SELECT id FROM unnest(work) AS id WHERE id <> ALL (later));
    END IF;
    DELETE FROM queue_runtime.slots AS slot WHERE job_id = ANY (work)
      AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = slot.job_id ${eachByItself});
    DELETE FROM queue_runtime.job_gates AS gate WHERE job_id = ANY (work)
      AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE id = gate.job_id ${eachByItself})
      AND NOT EXISTS (SELECT FROM queue_runtime.ended_jobs
        WHERE id = gate.job_id AND ${returns} ${eachByItself});
    keys := ${awaited("locked")};
    IF keys <> '{}' THEN
      promoted := queue_runtime.promote(keys, ${bound});
      IF promoted >= ${bound} THEN
        PERFORM queue_runtime.touch_first(keys);
      END IF;
      PERFORM queue_runtime.apply_policies(work);
    END IF;
  END IF;
  work := array(SELECT id FROM queue_runtime.jobs AS job
    WHERE id = ANY (work) AND state = 'blocked' AND NOT ${lacksSlot("job.id")});
  IF work = '{}' THEN RETURN; END IF;
  UPDATE queue_runtime.jobs SET state = 'ready', returned = true WHERE id IN (
    SELECT id FROM queue_runtime.jobs WHERE id = ANY (work) AND state = 'blocked'
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
  GET DIAGNOSTICS each = ROW_COUNT;
  promoted := promoted + each;
END $$;`;

/**
 * `also`: how many that were left by others. `ready` counts jobs that have become ready, `more`
 * says that something is still to be taken up, `rests` that somebody waits for a rate.
 */
const all = `
CREATE FUNCTION queue_runtime.reconcile(
  also integer DEFAULT 0, OUT ready integer, OUT more boolean, OUT rests boolean
) LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  work bigint[] := queue_runtime.take_touched();
  found bigint[] := '{}';
  done integer := 0;
  step record;
BEGIN
  ready := 0;
  more := false;
  rests := false;
  IF also > 0 AND EXISTS (SELECT FROM queue_runtime.touched) THEN
    WITH gone AS (
      DELETE FROM queue_runtime.touched WHERE ctid = ANY (array(
        SELECT ctid FROM queue_runtime.touched LIMIT also FOR UPDATE SKIP LOCKED))
      RETURNING job_id
    )
    SELECT coalesce(array_agg(job_id), '{}') INTO found FROM gone;
    more := cardinality(found) >= also;
    work := array(SELECT id FROM unnest(work || found) AS id GROUP BY id ORDER BY id);
  END IF;
  IF work = '{}' THEN RETURN; END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    INSERT INTO queue_runtime.touched (job_id) SELECT unnest(work);
    RETURN;
  END IF;
  WHILE work <> '{}' AND done < ${bound} LOOP
    PERFORM set_config(${touchedList}, '0', true);
    found := work[1:${part}];
    step := queue_runtime.reconcile_some(found);
    ready := ready + step.promoted;
    more := more OR step.busy;
    rests := rests OR EXISTS (SELECT FROM queue_runtime.job_gates
      WHERE job_id = ANY (found) AND kind = 'rate' AND waits);
    done := done + cardinality(found);
    work := queue_runtime.take_touched() || work[${part + 1}:];
  END LOOP;
  IF work <> '{}' THEN
    INSERT INTO queue_runtime.touched (job_id) SELECT DISTINCT unnest(work);
    more := true;
  END IF;
END $$;`;

const some = `CREATE ${reconcileSome("state <> 'finished'")}`;

export const reconcile: string = [first, some, all].join("\n");
