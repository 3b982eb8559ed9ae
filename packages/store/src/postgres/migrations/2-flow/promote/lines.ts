// The line of those who wait for a key, where it is long and those in front are held up by
// another key: a hundred thousand jobs of one tenant, say, in a queue whose slots all tenants
// share. To ask each of them would take seconds for every slot that is given away, and to give up
// after a hundred starved the others for good.
//
// But jobs of one shape have the same gates with the same limits: where one of them finds a slot
// missing, so do all the others. So a shape is asked once. When too many in a row are of shapes
// that were given up, it goes on shape by shape, the best of each. The shape is a hash of the
// gates, the same in each row. A job that is blocked and has some of its slots, as after an
// interruption, lacks less than others: it is of a shape of its own, its id below 0.

import { safely } from "../links.ts";
import { isOld } from "./keep.ts";

/** How many are passed over one by one. */
export const farthest = 100;
/** How many shapes are asked in the end. */
const mostShapes = 1_000;

const shapes = `
CREATE FUNCTION queue_runtime.shape_of(kind text, key text, most bigint, name text) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN hashtextextended(json_build_array(kind, key, most, name)::text, 4) & 9223372036854775807;

CREATE FUNCTION queue_runtime.reshape(these bigint[]) RETURNS void LANGUAGE sql ${safely} AS $$
  UPDATE queue_runtime.job_gates AS gate SET shape = whole.shape
  FROM (
    SELECT job_id, bit_xor(queue_runtime.shape_of(kind, key, slots, name)) AS shape
    FROM queue_runtime.job_gates WHERE job_id = ANY (these) GROUP BY job_id
  ) AS whole
  WHERE gate.job_id = whole.job_id AND gate.shape <> whole.shape
$$;`;

/**
 * The best of each shape that is not among `vain`, in the order of the line, and after each that
 * got its slots the next of its shape. Steps from shape to shape, however many jobs are of each.
 */
const byShape = `
CREATE FUNCTION queue_runtime.promote_by_shape(
  wanted text, taken bigint, most bigint, vain bigint[]
) RETURNS integer LANGUAGE plpgsql ${safely} AS $$
DECLARE
  ids bigint[];
  ranks bigint[];
  kinds bigint[];
  widths bigint[];
  times bigint[];
  now CONSTANT bigint := queue_runtime.clock_ms();
  promoted integer := 0;
  behind record;
  place integer;
BEGIN
  WITH RECURSIVE step (shape) AS (
    (SELECT shape FROM queue_runtime.job_gates WHERE key = wanted AND waits
      ORDER BY shape LIMIT 1)
    UNION ALL
    SELECT other.shape FROM step CROSS JOIN LATERAL (
      SELECT shape FROM queue_runtime.job_gates
      WHERE key = wanted AND waits AND shape > step.shape ORDER BY shape LIMIT 1) AS other
  ), best AS (
    SELECT first.* FROM (SELECT shape FROM step WHERE shape <> ALL (vain) LIMIT ${mostShapes})
      AS open CROSS JOIN LATERAL (
        SELECT job_id, priority, shape, since, kind, name, slots FROM queue_runtime.job_gates
        WHERE key = wanted AND waits AND shape = open.shape
        ORDER BY priority, job_id LIMIT 1) AS first
  )
  SELECT array_agg(job_id ORDER BY priority, job_id), array_agg(priority ORDER BY priority, job_id),
    array_agg(shape ORDER BY priority, job_id), array_agg(coalesce(said.slots, best.slots)
      ORDER BY priority, job_id), array_agg(since ORDER BY priority, job_id)
  INTO ids, ranks, kinds, widths, times FROM best LEFT JOIN queue_runtime.concurrency_limits AS said
    ON said.name = best.name AND best.kind = 'concurrency';
  WHILE cardinality(ids) > 0 AND promoted < most LOOP
    place := NULL;
    IF (taken + promoted < widths[1] OR ${isOld("times[1]", "now")})
      AND queue_runtime.admit(ids[1], ARRAY[wanted])
    THEN
      promoted := promoted + 1;
      SELECT job_id, priority, since INTO behind FROM queue_runtime.job_gates
      WHERE key = wanted AND waits AND shape = kinds[1] AND job_id <> ids[1]
      ORDER BY priority, job_id LIMIT 1;
      IF FOUND THEN
        place := 1 + (SELECT count(*) FROM unnest(ids[2:], ranks[2:]) AS each (id, rank)
          WHERE (rank, id) < (behind.priority, behind.job_id));
      END IF;
    END IF;
    IF place IS NULL THEN
      ids := ids[2:];
      ranks := ranks[2:];
      kinds := kinds[2:];
      widths := widths[2:];
      times := times[2:];
    ELSE
      ids := ids[2:place] || behind.job_id || ids[place + 1:];
      ranks := ranks[2:place] || behind.priority || ranks[place + 1:];
      kinds := kinds[2:place] || kinds[1] || kinds[place + 1:];
      widths := widths[2:place] || widths[1] || widths[place + 1:];
      times := times[2:place] || behind.since || times[place + 1:];
    END IF;
  END LOOP;
  RETURN promoted;
END $$;`;

export const lines: string = [shapes, byShape].join("\n");
