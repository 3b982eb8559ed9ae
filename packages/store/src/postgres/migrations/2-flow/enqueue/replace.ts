// A new job that takes the place of one which has its unique key and has not begun. The old one
// gives back its slots and becomes the new one in all but its id, its name and its batch; it is
// admitted like a new job, but waits by its id: nobody of its keys who came later is let past it.

import { links, notBegun, safely } from "../links.ts";

/** Where it would be dropped for want of a slot: whether it has them all. Its own ones are free. */
const hasSlots = `
CREATE FUNCTION queue_runtime.has_slots(job bigint, named text, gates json) RETURNS boolean
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.clock_ms();
  taken record;
BEGIN
  SELECT key, policy INTO taken FROM ROWS FROM (json_to_recordset(gates)
    AS (key text, "limit" bigint, "onConflict" text))
    WITH ORDINALITY AS gate (key, most, policy, number)
  WHERE policy IN ('discard', 'fail') AND (
    SELECT count(*) FROM queue_runtime.slots AS slot WHERE slot.key = gate.key
      AND (slot.job_id <> job OR slot.job_id IS NULL AND slot.expires_at > now)
  ) >= coalesce((SELECT slots FROM queue_runtime.concurrency_limits WHERE name = named), most)
  ORDER BY number LIMIT 1;
  IF NOT FOUND THEN RETURN true; END IF;
  IF taken.policy = 'fail' THEN PERFORM queue_runtime.refuse_for(taken.key); END IF;
  RETURN false;
END $$;`;

/** Goes without keys that somebody else has. */
const changeUniques = `
CREATE FUNCTION queue_runtime.change_uniques(job bigint, uniques json) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  item record;
  is_held boolean;
BEGIN
  DELETE FROM queue_runtime.unique_keys WHERE job_id = job AND key NOT IN (
    SELECT given.key FROM json_to_recordset(uniques) AS given (key text));
  FOR item IN
    SELECT key, array(SELECT json_array_elements_text(given.states)) AS states,
      queue_runtime.now_ms() + "forMs" AS until
    FROM json_to_recordset(uniques) AS given (key text, states json, "forMs" bigint) ORDER BY key
  LOOP
    UPDATE queue_runtime.unique_keys SET states = item.states, until = item.until
    WHERE job_id = job AND key = item.key;
    CONTINUE WHEN FOUND;
    FOREACH is_held IN ARRAY '{true, false}'::boolean[] LOOP
      INSERT INTO queue_runtime.unique_keys (job_id, until, held, key, states)
      VALUES (job, item.until, is_held, item.key, item.states) ON CONFLICT DO NOTHING;
      EXIT WHEN FOUND;
    END LOOP;
  END LOOP;
END $$;`;

/**
 * Its keys need not hear of the states between: `linked` is 0, and no trigger looks. Without CREATE;
 * `unless`: what a later migration has it look for in `old` before it begins.
 */
export const replaceJob = (
  unless: string,
): string => `FUNCTION queue_runtime.replace_job(job bigint, element json, given json, debounced boolean)
RETURNS text LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.now_ms();
  due bigint := coalesce((element ->> 'at')::bigint,
    now + ceil(coalesce((element ->> 'inMs')::double precision, 0))::bigint);
  old record;
  becomes text;
  stays boolean;
  freed text[];
  bits integer;
BEGIN
  SELECT name, state, run_at, linked, ${notBegun} AS is_new INTO old
  FROM queue_runtime.jobs WHERE id = job FOR UPDATE;
  IF old.state IS NULL OR old.state = 'running' OR NOT old.is_new THEN RETURN 'exists'; END IF;
  ${unless}
  IF debounced AND due <= now AND element ->> 'at' IS NULL THEN due := old.run_at; END IF;
  becomes := CASE WHEN old.state IN ('held', 'waiting') THEN old.state
    WHEN (element ->> 'held')::boolean THEN 'held' WHEN due > now THEN 'scheduled' ELSE 'ready' END;
  IF becomes = 'ready' AND NOT queue_runtime.has_slots(job, old.name, element -> 'gates') THEN
    RETURN 'discarded';
  END IF;
  stays := becomes = old.state AND becomes IN ('held', 'waiting');
  freed := array(SELECT key FROM queue_runtime.slots WHERE job_id = job
    UNION SELECT key FROM queue_runtime.job_gates WHERE job_id = job AND keeps);
  UPDATE queue_runtime.jobs SET linked = 0, run_at = due, place = NULL, returned = true,
    state = CASE WHEN stays THEN state ELSE 'held' END,
    queue = coalesce(element ->> 'queue', 'default'), label = element ->> 'label',
    args = CASE WHEN json_typeof(given) <> 'null' THEN given END,
    priority = coalesce((element ->> 'priority')::bigint, 0),
    concurrency_key = element -> 'gates' -> 0 ->> 'key',
    unique_key = element -> 'uniques' -> 0 ->> 'key'
  WHERE id = job;
  DELETE FROM queue_runtime.slots WHERE job_id = job;
  DELETE FROM queue_runtime.job_gates WHERE job_id = job;
  PERFORM queue_runtime.give_gates(json_build_array(element), ARRAY[job]);
  UPDATE queue_runtime.job_gates SET name = old.name
  WHERE job_id = job AND name NOT IN (old.name, '');
  IF FOUND THEN PERFORM queue_runtime.reshape(ARRAY[job]); END IF;
  PERFORM queue_runtime.change_uniques(job, element -> 'uniques');
  bits := old.linked & ${links.batch | links.dependency} | ${links.unique | links.keyed}
    | coalesce((
    SELECT bit_or(CASE kind WHEN 'rate' THEN ${links.gates | links.rate}
      WHEN 'fair' THEN ${links.gates | links.fair} ELSE ${links.gates} END)
    FROM queue_runtime.job_gates WHERE job_id = job), 0);
  UPDATE queue_runtime.jobs SET linked = bits, state = becomes WHERE id = job;
  PERFORM queue_runtime.touch_first(freed);
  RETURN 'replaced';
END $$;`;

export const replacing: string = [hasSlots, changeUniques, `CREATE ${replaceJob("")}`].join("\n");
