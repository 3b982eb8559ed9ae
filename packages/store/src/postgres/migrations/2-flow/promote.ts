// Who gets the free slots of a key: those who wait for it, in the order of priority and age,
// whatever their queue. A job takes all that it lacks or none: nobody holds one key while it waits
// for another. Nearly always those in front need nothing but this one key, and are made ready all
// at once. The keys are locked by who calls, see slots.ts.

import { eachByItself, safely } from "./links.ts";
import { admission } from "./promote/admit.ts";
import { isOld, keeping } from "./promote/keep.ts";
import { farthest, lines } from "./promote/lines.ts";

/** How many are made ready in one statement. */
const atOnce = 1_000;

/** The job of a gate of the key `wanted` needs nothing but this key, and may have it as it comes. */
const isSimple = `gate.kind <> 'fair' AND NOT EXISTS (
          SELECT FROM queue_runtime.job_gates AS other
          WHERE other.job_id = gate.job_id AND other.key <> wanted ${eachByItself}
        ) AND NOT EXISTS (SELECT FROM queue_runtime.slots AS own
          WHERE own.job_id = gate.job_id ${eachByItself})`;

/**
 * The first in the line of a key, as many as there are free slots, as long as each of them needs
 * nothing else. Rows that others have locked are left to those who ask for each. Where the very
 * first needs more, a thousand behind it are not looked at: in a fair queue they are all alike.
 */
const together = `
CREATE FUNCTION queue_runtime.promote_together(wanted text, held bigint, most bigint)
RETURNS integer LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.clock_ms();
  line bigint[];
BEGIN
  IF NOT (SELECT ${isSimple} FROM queue_runtime.job_gates AS gate WHERE key = wanted AND waits
    ORDER BY priority, job_id LIMIT 1) THEN RETURN 0; END IF;
  SELECT array_agg(job_id ORDER BY job_id) INTO line FROM (
    SELECT job_id,
      bool_and(is_simple AND held + number <= most_slots) OVER (ORDER BY number) AS fits
    FROM (
      SELECT gate.job_id, row_number() OVER (ORDER BY gate.priority, gate.job_id) AS number,
        coalesce(said.slots, gate.slots) AS most_slots, ${isSimple} AS is_simple
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

/** The first in the line, each by itself; whoever is of a shape that was asked in vain is not. */
const inLine = `
CREATE FUNCTION queue_runtime.promote_in_line(wanted text, taken bigint, most bigint,
  OUT promoted integer, OUT is_over boolean, OUT vain bigint[])
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.clock_ms();
  each record;
  in_vain integer := 0;
BEGIN
  promoted := 0;
  is_over := true;
  vain := '{}';
  FOR each IN
    SELECT gate.job_id, gate.shape, gate.since, coalesce(said.slots, gate.slots) AS slots
    FROM queue_runtime.job_gates AS gate LEFT JOIN queue_runtime.concurrency_limits AS said
      ON said.name = gate.name AND gate.kind = 'concurrency'
    WHERE gate.key = wanted AND gate.waits
    ORDER BY gate.priority, gate.job_id
  LOOP
    EXIT WHEN promoted >= most;
    IF in_vain >= ${farthest} THEN
      is_over := false;
      EXIT;
    END IF;
    in_vain := in_vain + 1;
    CONTINUE WHEN each.shape = ANY (vain);
    IF (taken + promoted < each.slots OR (${isOld("each.since", "now")}
        AND queue_runtime.has_others(wanted, each.shape)))
      AND queue_runtime.admit(each.job_id, ARRAY[wanted])
    THEN
      promoted := promoted + 1;
      in_vain := 0;
    ELSE
      vain := vain || each.shape;
    END IF;
  END LOOP;
END $$;`;

/** How many slots of a key somebody of the first in its line sees; NULL where nobody waits. */
const widest = `
CREATE FUNCTION queue_runtime.widest(wanted text, OUT most bigint, OUT is_all boolean)
LANGUAGE sql STABLE ${safely} AS $$
  SELECT max(coalesce(said.slots, gate.slots)), count(*) < ${farthest}
  FROM (SELECT name, kind, slots FROM queue_runtime.job_gates AS gate WHERE key = wanted AND waits
      ORDER BY priority, job_id LIMIT ${farthest}) AS gate
    LEFT JOIN queue_runtime.concurrency_limits AS said
      ON said.name = gate.name AND gate.kind = 'concurrency'
$$;`;

const promote = `
CREATE FUNCTION queue_runtime.promote(keys text[], most integer) RETURNS integer
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  wanted text;
  held bigint;
  sees record;
  line record;
  here integer;
  step integer;
  promoted integer := 0;
BEGIN
  FOREACH wanted IN ARRAY keys LOOP
    DELETE FROM queue_runtime.slots WHERE id = ANY (array(SELECT id FROM queue_runtime.slots
      WHERE key = wanted AND job_id IS NULL AND expires_at <= queue_runtime.clock_ms()
      ORDER BY key, id));
    held := (SELECT count(*) FROM queue_runtime.slots WHERE key = wanted);
    here := 0;
    LOOP
      SELECT * INTO sees FROM queue_runtime.widest(wanted);
      EXIT WHEN sees.most IS NULL OR here >= most OR held + here >= sees.most AND sees.is_all;
      step := CASE WHEN held + here < sees.most THEN queue_runtime.promote_together(wanted,
        held + here, least(sees.most - held - here, most - here)) ELSE 0 END;
      here := here + step;
      CONTINUE WHEN step > 0;
      line := queue_runtime.promote_in_line(wanted, held + here, most - here);
      here := here + line.promoted;
      IF NOT line.is_over THEN
        here := here + queue_runtime.promote_by_shape(wanted, held + here, most - here, line.vain);
      END IF;
      EXIT;
    END LOOP;
    promoted := promoted + here;
  END LOOP;
  RETURN promoted;
END $$;`;

export const promotion: string = [
  keeping,
  admission,
  together,
  lines,
  inLine,
  widest,
  promote,
].join("\n");
