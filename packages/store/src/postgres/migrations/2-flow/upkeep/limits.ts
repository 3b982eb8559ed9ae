// A limit that was lowered holds for jobs that are ready, too: those that have a slot too many
// give back all they have, and wait. Runs go on. The last of the line go first: the lowest
// priority, then the youngest.

import { safely } from "../links.ts";

/** Answers how many were sent back, `most` at the most. */
export const limits: string = `
CREATE FUNCTION queue_runtime.send_back(named text, most integer) RETURNS integer
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  ids bigint[];
BEGIN
  PERFORM queue_runtime.lock_keys(array(
    SELECT DISTINCT slot.key FROM queue_runtime.slots AS slot
      JOIN queue_runtime.job_gates AS gate ON gate.job_id = slot.job_id AND gate.key = slot.key
    WHERE slot.kind = 'concurrency' AND gate.name = named), true);
  ids := array(
    SELECT DISTINCT id FROM (
      SELECT job.id, slot.key, coalesce(said.slots, gate.slots) AS most_slots,
        row_number() OVER (PARTITION BY slot.key ORDER BY job.priority DESC, job.id DESC) AS number
      FROM queue_runtime.slots AS slot
        JOIN queue_runtime.job_gates AS gate ON gate.job_id = slot.job_id AND gate.key = slot.key
        JOIN queue_runtime.jobs AS job ON job.id = slot.job_id AND job.state = 'ready'
        LEFT JOIN queue_runtime.concurrency_limits AS said ON said.name = gate.name
      WHERE slot.kind = 'concurrency' AND gate.name = named
    ) AS each JOIN (
      SELECT key, count(*) AS held FROM queue_runtime.slots WHERE kind = 'concurrency' GROUP BY key
    ) AS taken USING (key)
    WHERE number <= held - most_slots LIMIT most);
  ids := array(SELECT id FROM queue_runtime.jobs WHERE id = ANY (ids) AND state = 'ready'
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
  DELETE FROM queue_runtime.slots WHERE job_id = ANY (ids);
  UPDATE queue_runtime.jobs SET state = 'blocked' WHERE id = ANY (ids);
  RETURN cardinality(ids);
END $$;`;
