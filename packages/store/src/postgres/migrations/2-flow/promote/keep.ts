// A slot that is kept. A job may be passed over for ever: it sees fewer slots of a key than others
// do, and they hold at least that many; or it needs slots of several keys, and others that need
// only one of them take each as it becomes free. So who has waited for longer than its patience is
// not passed over any more: nobody behind it takes the last slot that it would see.
//
// It keeps one key after the other, rates first: those that are free for it, and the first that is
// not. To keep all at once would be simpler, and idle: while one run of a tenant goes on for
// hours, the next of that tenant would keep a slot of the queue empty that all of them share.
//
// Who waits for whom is never a circle. A job waits for those that hold slots and, as long as it
// holds none, for those that keep some and are before it in the order of priority and age. Who
// holds a slot while it waits for another, as after an interruption, does not mind what is kept.

import { linePatienceMs } from "../../../../flow.ts";
import { eachByItself, safely } from "../links.ts";

/** Either way: a clock that was set back must not make it wait for as long. */
export const isOld = (since: string, now: string): string =>
  `abs(${now} - ${since}) >= ${linePatienceMs}`;

const keepers = (gate: string, held: string): string => `FROM queue_runtime.job_gates AS keeper
      LEFT JOIN queue_runtime.concurrency_limits AS told
        ON told.name = keeper.name AND keeper.kind = 'concurrency'
    WHERE keeper.keeps AND keeper.key = ${gate}.key
      AND (keeper.priority, keeper.job_id) < (${gate}.priority, ${gate}.job_id)
      AND ${held} + 1 >= coalesce(told.slots, keeper.slots)
      AND NOT EXISTS (SELECT FROM queue_runtime.slots AS any_slot
        WHERE any_slot.job_id = ${gate}.job_id ${eachByItself})`;

/** Somebody before the job keeps the last slot of a gate, of which so many are held. */
export const isKept = (gate: string, held: string): string => `EXISTS (
      SELECT ${keepers(gate, held)} ${eachByItself})`;

/** Who does. */
export const keptFor = (gate: string, held: string): string => `(
      SELECT keeper.job_id ${keepers(gate, held)}
      ORDER BY keeper.priority, keeper.job_id LIMIT 1)`;

/**
 * For a blocked job that is passed over. Its row is not waited for. `has_others`: not all who wait
 * for a key have the same gates.
 */
export const keeping: string = `
CREATE FUNCTION queue_runtime.has_others(wanted text, than bigint) RETURNS boolean
LANGUAGE plpgsql STABLE ${safely} AS $$
BEGIN
  RETURN EXISTS (SELECT FROM queue_runtime.job_gates
      WHERE key = wanted AND waits AND shape > than)
    OR EXISTS (SELECT FROM queue_runtime.job_gates
      WHERE key = wanted AND waits AND shape < than);
END $$;

CREATE FUNCTION queue_runtime.keep(job bigint, now bigint) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  keys text[];
BEGIN
  IF NOT EXISTS (SELECT FROM queue_runtime.job_gates
    WHERE job_id = job AND waits AND ${isOld("since", "now")}) THEN RETURN; END IF;
  keys := array(SELECT gate_key FROM (
    SELECT gate_key, keeps, coalesce(bool_and(is_free) OVER (
      ORDER BY gate_kind <> 'rate', place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true)
      AS is_next
    FROM queue_runtime.lacking(job, now)) AS gate
  WHERE is_next AND NOT keeps);
  IF keys = '{}' THEN RETURN; END IF;
  UPDATE queue_runtime.job_gates SET keeps = true
  WHERE key = ANY (keys) AND job_id = (SELECT id FROM queue_runtime.jobs
    WHERE id = job AND state = 'blocked' FOR NO KEY UPDATE SKIP LOCKED);
END $$;`;
