// Unique keys of a new job. The primary key of a table decides, never a lock: an entry is there
// exactly as long as it holds, or its time is over, or its job is gone, which is looked at here. An
// entry of the number 0 belongs to the job that is being inserted.
//
// Nothing locks the entry that is in the way: a transaction of an application may stay open, and
// the job that has the key must be able to end meanwhile.

import { notBegun, safely } from "./links.ts";

const isOver = `taken.until <= queue_runtime.now_ms() OR NOT EXISTS (
          SELECT FROM queue_runtime.all_jobs AS job
          WHERE job.id = taken.job_id AND job.state = ANY (taken.states))`;

/** All keys or none; `outcome` is NULL when it has them. They are asked for in one order. */
const take = `
CREATE FUNCTION queue_runtime.take_uniques(element json, args json, OUT keeper bigint,
  OUT outcome text) LANGUAGE plpgsql ${safely} AS $$
DECLARE
  wanted record;
  other record;
  decides integer;
  policy text;
  mine text[] := '{}';
BEGIN
  FOR wanted IN
    SELECT item ->> 'key' AS key, item ->> 'onConflict' AS policy, place,
      array(SELECT json_array_elements_text(item -> 'states')) AS states,
      queue_runtime.now_ms() + (item ->> 'forMs')::bigint AS until
    FROM json_array_elements(element -> 'uniques') WITH ORDINALITY AS each (item, place)
    ORDER BY 1
  LOOP
    LOOP
      INSERT INTO queue_runtime.unique_keys (key, job_id, states, until)
      VALUES (wanted.key, 0, wanted.states, wanted.until) ON CONFLICT DO NOTHING;
      IF FOUND THEN
        mine := mine || wanted.key;
        EXIT;
      END IF;
      SELECT taken.job_id AS id, ${isOver} AS is_over INTO other
      FROM queue_runtime.unique_keys AS taken WHERE taken.key = wanted.key;
      CONTINUE WHEN NOT FOUND;
      IF other.is_over THEN
        DELETE FROM queue_runtime.unique_keys WHERE key = wanted.key AND job_id = other.id;
        CONTINUE;
      END IF;
      IF decides IS NULL OR wanted.place < decides THEN
        decides := wanted.place;
        keeper := other.id;
        policy := wanted.policy;
      END IF;
      EXIT;
    END LOOP;
  END LOOP;
  IF decides IS NULL THEN RETURN; END IF;
  DELETE FROM queue_runtime.unique_keys WHERE key = ANY (mine) AND job_id = 0;
  outcome := CASE WHEN policy <> 'exists'
    AND queue_runtime.replace_job(keeper, element, args, policy = 'debounce')
    THEN 'replaced' ELSE 'exists' END;
END $$;

CREATE FUNCTION queue_runtime.keep_uniques(job bigint, now_in text, element json) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  keys text[] := array(SELECT item ->> 'key' FROM json_array_elements(element -> 'uniques') AS item);
BEGIN
  UPDATE queue_runtime.unique_keys SET job_id = job
  WHERE key = ANY (keys) AND job_id = 0 AND now_in = ANY (states);
  DELETE FROM queue_runtime.unique_keys
  WHERE key = ANY (keys) AND job_id = 0 AND (now_in IS NULL OR now_in <> ALL (states));
END $$;`;

/** The job stays the same one: its queue, gates, keys and batch are those it came with. */
const replace = `
CREATE FUNCTION queue_runtime.replace_job(job bigint, element json, given json, debounced boolean)
RETURNS boolean LANGUAGE plpgsql ${safely} AS $$
DECLARE
  now CONSTANT bigint := queue_runtime.now_ms();
  due bigint := coalesce((element ->> 'at')::bigint,
    now + ceil(coalesce((element ->> 'inMs')::double precision, 0))::bigint);
  old record;
BEGIN
  SELECT state, ${notBegun} AS is_new INTO old FROM queue_runtime.jobs WHERE id = job FOR UPDATE;
  IF old.state IS NULL OR old.state = 'running' OR NOT old.is_new THEN RETURN false; END IF;
  IF debounced AND due <= now AND element ->> 'at' IS NULL THEN due := NULL; END IF;
  UPDATE queue_runtime.jobs SET run_at = coalesce(due, run_at), returned = true,
    args = CASE WHEN json_typeof(given) <> 'null' THEN given END, label = element ->> 'label',
    priority = coalesce((element ->> 'priority')::bigint, 0)
  WHERE id = job;
  UPDATE queue_runtime.job_gates SET priority = coalesce((element ->> 'priority')::bigint, 0)
  WHERE job_id = job;
  IF due > now AND old.state IN ('ready', 'blocked') THEN
    -- out of the line first: nobody goes from there to the schedule
    IF old.state = 'blocked' THEN
      UPDATE queue_runtime.jobs SET state = 'held' WHERE id = job;
    END IF;
    UPDATE queue_runtime.jobs SET state = 'scheduled' WHERE id = job;
  ELSIF due <= now AND old.state = 'scheduled' THEN
    UPDATE queue_runtime.jobs SET state = 'ready' WHERE id = job;
  ELSIF old.state = 'blocked' THEN
    -- whoever promoted meanwhile has passed over the locked row
    PERFORM queue_runtime.touch(job);
  END IF;
  RETURN true;
END $$;`;

export const uniques: string = [replace, take].join("\n");
