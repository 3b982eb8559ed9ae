// What a change of state means for the slots and keys of a job, as triggers: so that it is true
// whoever makes the change, be it an older version of this program or a person at a SQL prompt. A
// job that is tied to nothing pays for the WHEN alone.
//
// They write only what is the job's own, so that no two of them can wait for each other; what
// concerns others is left to `reconcile`. A transaction that will call it says so first, by setting
// a list of its own (`touched`, of this transaction only) to 0, and its triggers write ids into
// that. Where nobody has said so, they go into the table of that name, for the next who reconciles.
// A table alone would do, but its rows would live for microseconds and be in the way for minutes.
//
// A job that becomes ready without all of its slots is blocked at once, before anybody can see it:
// no path to `ready` has to remember that there are gates. Whoever promotes a job gives it the
// slots first. What to do about a conflict is asked once, when the job is due first: from then on
// it waits (`on_conflict` is `block`). A run that gave up nothing (interrupted, released, crashed,
// or sent back for its gates) takes back its attempt; one that failed does not: that is how they
// are told apart here.
//
// Nothing is triggered by an insert: even the WHEN of a trigger would cost every enqueue 3 us of
// 60. The functions that insert linked jobs see to what follows themselves.

import { movesIllegally } from "../transitions.ts";
import { anyGate, asOwner, lacksSlot, links, queuePosition, safely, touchedList } from "./links.ts";

const touch = `
CREATE FUNCTION queue_runtime.touch(what bigint) RETURNS void LANGUAGE plpgsql ${safely} AS $$
DECLARE
  list text := current_setting(${touchedList}, true);
BEGIN
  IF list <> '' THEN
    PERFORM set_config(${touchedList}, list || ',' || what, true);
  ELSE
    INSERT INTO queue_runtime.touched (job_id) VALUES (what);
  END IF;
END $$;

CREATE FUNCTION queue_runtime.touch_all(these bigint[]) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  list text := current_setting(${touchedList}, true);
BEGIN
  IF these = '{}' THEN RETURN; END IF;
  IF list <> '' THEN
    PERFORM set_config(${touchedList}, list || ',' || array_to_string(these, ','), true);
  ELSE
    INSERT INTO queue_runtime.touched (job_id) SELECT unnest(these);
  END IF;
END $$;

CREATE FUNCTION queue_runtime.take_touched() RETURNS bigint[] LANGUAGE plpgsql ${safely} AS $$
DECLARE
  list text := current_setting(${touchedList}, true);
BEGIN
  PERFORM set_config(${touchedList}, '', true);
  IF list IN ('', '0') THEN RETURN '{}'; END IF;
  RETURN coalesce((SELECT array_agg(DISTINCT id)
    FROM unnest(string_to_array(list, ',')::bigint[]) AS id WHERE id <> 0), '{}');
END $$;`;

const clock = `
CREATE FUNCTION queue_runtime.clock_ms() RETURNS bigint LANGUAGE sql VOLATILE
RETURN floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;`;

/** To a run that never began: the slots that have rested since it was claimed. */
const rates = `
CREATE FUNCTION queue_runtime.give_rates_back(job bigint) RETURNS void
LANGUAGE sql ${safely} AS $$
  UPDATE queue_runtime.slots SET job_id = job, begun_by = NULL, expires_at = NULL
  WHERE id IN (
    SELECT last.id FROM queue_runtime.job_gates AS gate CROSS JOIN LATERAL (
      SELECT id FROM queue_runtime.slots AS slot
      WHERE slot.key = gate.key AND slot.job_id IS NULL AND slot.begun_by = job
      ORDER BY id DESC LIMIT 1) AS last
    WHERE gate.job_id = job AND gate.kind = 'rate' AND NOT EXISTS (
      SELECT FROM queue_runtime.slots AS own WHERE own.job_id = job AND own.key = gate.key))
$$;`;

/** Without CREATE; `last` is what a later migration has it do once the new state is certain. */
export const jobMoves = (
  last: string,
): string => `FUNCTION queue_runtime.job_moves() RETURNS trigger LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  touches boolean := NEW.state = 'waiting';
BEGIN
  IF (${movesIllegally}) THEN
    RAISE EXCEPTION 'this is no legal transition of a job' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state = OLD.state AND NEW.linked = OLD.linked THEN RETURN NEW; END IF;
  IF NEW.linked & ${anyGate} <> 0 THEN
    IF NEW.state = 'running' THEN
      IF NEW.linked & ${links.rate} <> 0 THEN
        UPDATE queue_runtime.slots AS slot
        SET job_id = NULL, begun_by = NEW.id, expires_at = queue_runtime.clock_ms() + gate.ms
        FROM queue_runtime.job_gates AS gate
        WHERE slot.job_id = NEW.id AND slot.kind = 'rate'
          AND gate.job_id = NEW.id AND gate.key = slot.key;
      END IF;
      IF NEW.linked & ${links.fair} <> 0 THEN
        DELETE FROM queue_runtime.slots WHERE job_id = NEW.id AND kind = 'fair';
        touches := touches OR FOUND;
      END IF;
    ELSIF NEW.state IN ('held', 'waiting')
        OR OLD.state = 'running' AND NEW.attempts = OLD.attempts
        OR OLD.state IN ('ready', 'blocked') AND NEW.state = 'scheduled' THEN
      DELETE FROM queue_runtime.slots WHERE job_id = NEW.id;
      touches := touches OR FOUND;
    ELSIF OLD.state = 'running' THEN
      DELETE FROM queue_runtime.slots WHERE job_id = NEW.id AND lent;
      touches := touches OR FOUND;
    END IF;
    IF NEW.linked & ${links.rate} <> 0 AND OLD.state = 'running' AND NEW.attempts < OLD.attempts
      AND NEW.interruptions = OLD.interruptions AND NEW.crashes = OLD.crashes
    THEN
      PERFORM queue_runtime.give_rates_back(NEW.id);
    END IF;
    IF NEW.state = 'ready' AND ${lacksSlot("NEW.id")} THEN
      NEW.state := 'blocked';
    END IF;
    IF (NEW.state = 'blocked') <> (OLD.state = 'blocked') THEN
      UPDATE queue_runtime.job_gates SET waits = NEW.state = 'blocked', priority = NEW.priority,
        since = queue_runtime.clock_ms(), keeps = false,
        on_conflict = CASE NEW.state WHEN 'ready' THEN 'block' ELSE on_conflict END,
        shape = CASE WHEN NEW.state = 'blocked' AND EXISTS (SELECT FROM queue_runtime.slots AS own
          WHERE own.job_id = NEW.id) THEN -NEW.id ELSE shape END
      WHERE job_id = NEW.id;
    END IF;
    touches := touches OR NEW.state = 'blocked' OR OLD.state = 'blocked' AND NEW.state <> 'ready';
  END IF;
  IF NEW.linked & ${links.unique} <> 0 THEN
    PERFORM queue_runtime.keep_uniques(NEW.id, NEW.state);
  END IF;${last}
  IF touches THEN PERFORM queue_runtime.touch(NEW.id); END IF;
  RETURN NEW;
END $$;`;

/** In place of the trigger that only said no: one WHEN costs less than two. */
const moves = `
CREATE ${jobMoves("")}

DROP TRIGGER jobs_transition ON queue_runtime.jobs;
CREATE TRIGGER jobs_transition BEFORE UPDATE OF state ON queue_runtime.jobs FOR EACH ROW
WHEN (NEW.linked <> 0 OR ${movesIllegally})
EXECUTE FUNCTION queue_runtime.job_moves();`;

export const keepTheirs = "PERFORM queue_runtime.keep_uniques(OLD.id, ended.state);";

interface Leaving {
  /** What a later migration has it do; `ended` is the job in its new place. */
  readonly last: string;
  /** What it does about unique keys. */
  readonly keep: string;
}

/** Without CREATE. */
export const linkedJobLeaves = ({
  last,
  keep,
}: Leaving): string => `FUNCTION queue_runtime.linked_job_leaves() RETURNS trigger
LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  ended record;
BEGIN
  SELECT state, linked, attempts < OLD.attempts AND interruptions = OLD.interruptions
      AND crashes = OLD.crashes AS unbegun
  INTO ended FROM queue_runtime.ended_jobs AS job WHERE id = OLD.id;
  IF ended.linked = 0 THEN
    UPDATE queue_runtime.ended_jobs SET linked = OLD.linked, batch_id = OLD.batch_id
    WHERE id = OLD.id;
  END IF;
  IF OLD.linked & ${links.unique} <> 0 THEN
    ${keep}
  END IF;
  IF OLD.linked & ${anyGate} <> 0 AND OLD.state = 'blocked' THEN
    UPDATE queue_runtime.job_gates SET waits = false, keeps = false WHERE job_id = OLD.id;
  END IF;
  IF OLD.linked & ${links.rate} <> 0 AND OLD.state = 'running' AND ended.unbegun THEN
    PERFORM queue_runtime.give_rates_back(OLD.id);
  END IF;
  IF OLD.linked & ${anyGate | links.dependency} <> 0 THEN
    PERFORM queue_runtime.touch(OLD.id);
  END IF;
  IF OLD.batch_id IS NOT NULL THEN PERFORM queue_runtime.touch(-OLD.batch_id); END IF;${last}
  RETURN NULL;
END $$;`;

interface Forgetting {
  /** What a later migration has it do once it knows where the job is now, in `live`. */
  readonly first: string;
  /** It came back by a version that does not know the links. */
  readonly isUnlinked: string;
}

/** Without CREATE. */
export const linkedJobIsForgotten = ({
  first,
  isUnlinked,
}: Forgetting): string => `FUNCTION queue_runtime.linked_job_is_forgotten() RETURNS trigger
LANGUAGE plpgsql ${asOwner} AS $$
DECLARE
  live record;
BEGIN
  SELECT job.state, job.linked INTO live FROM queue_runtime.jobs AS job WHERE id = OLD.id;${first}
  IF OLD.linked & ${links.unique} <> 0 THEN
    PERFORM queue_runtime.keep_uniques(OLD.id, live.state);
  END IF;
  IF live.state IS NULL THEN
    DELETE FROM queue_runtime.job_gates WHERE job_id = OLD.id;
    DELETE FROM queue_runtime.dependencies WHERE job_id = OLD.id;
    RETURN NULL;
  END IF;
  IF OLD.linked & ${anyGate} <> 0 THEN
    DELETE FROM queue_runtime.job_gates WHERE job_id = OLD.id AND position >= ${queuePosition};
    UPDATE queue_runtime.job_gates
    SET waits = live.state = 'blocked', priority = OLD.priority, on_conflict = 'block',
      since = queue_runtime.clock_ms()
    WHERE job_id = OLD.id;
    PERFORM queue_runtime.add_queue_gates(OLD.id, OLD.queue, OLD.priority, live.state = 'blocked',
      coalesce(OLD.unique_key, OLD.name));
    PERFORM queue_runtime.reshape(ARRAY[OLD.id]);
  END IF;
  IF ${isUnlinked} THEN
    UPDATE queue_runtime.jobs SET linked = OLD.linked, batch_id = OLD.batch_id, state = state
    WHERE id = OLD.id;
  ELSIF live.state = 'blocked' THEN
    PERFORM queue_runtime.touch(OLD.id);
  END IF;
  RETURN NULL;
END $$;`;

/**
 * An older version does not take the links with a job that ends or is retried. One that comes back
 * by a retry has its gates already, and waits like any other.
 */
const leaves = `
CREATE ${linkedJobLeaves({ last: "", keep: keepTheirs })}

CREATE TRIGGER jobs_linked_left AFTER DELETE ON queue_runtime.jobs FOR EACH ROW
WHEN (OLD.linked <> 0) EXECUTE FUNCTION queue_runtime.linked_job_leaves();

CREATE ${linkedJobIsForgotten({ first: "", isUnlinked: "live.linked = 0" })}

CREATE TRIGGER ended_jobs_linked_left AFTER DELETE ON queue_runtime.ended_jobs FOR EACH ROW
WHEN (OLD.linked <> 0) EXECUTE FUNCTION queue_runtime.linked_job_is_forgotten();`;

export const triggers: string = [touch, clock, rates, moves, leaves].join("\n");
