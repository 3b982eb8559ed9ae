// What a change of state means for the slots and keys of a job, as triggers: so that it is true
// whoever makes the change, be it an older version of this program or a person at a SQL prompt.
//
// They only touch what is the job's own, and leave its id in `touched` where others may go on:
// `reconcile` (flow/reconcile.ts) takes that up, as a rule in the same transaction.
//
// A job that becomes ready without all of its slots is blocked at once, before anybody can see it:
// no path to `ready` has to remember that there are gates. Whoever admits a job gives it the slots
// first. `outcome` of a touched job is `due` when it was blocked so at its first due time, where
// the policies for conflicts apply; of a deleted job, how it had ended.
//
// A unique key is let go here, and taken again by `reconcile`: whether the time of another job's
// key is over, only the clock of the store can say. One that has a time and is held outlives its
// job.
//
// A run that gave up nothing (interrupted, released, crashed, or sent back for its gates) takes
// back its attempt; one that failed does not. That is how they are told apart here.

import { endStates } from "../../job.ts";
import { isIllegal, isOneOf, refuse } from "./transitions.ts";

const ended = isOneOf("NEW.state", endStates);
const hadEnded = isOneOf("OLD.state", endStates);

/** It wants no slot for now, or has to ask again. */
const givesUp = `(${ended}
    OR NEW.state = 'held' OR NEW.state = 'waiting'
    OR (NEW.came_from = 'running' AND NEW.attempts = NEW.had_attempts)
    OR ((NEW.came_from = 'ready' OR NEW.came_from = 'blocked') AND NEW.state = 'scheduled'))`;

const lacksSlot = `EXISTS (SELECT 1 FROM job_gates AS gate WHERE gate.job_id = NEW.id
    AND NOT EXISTS (SELECT 1 FROM slots WHERE job_id = NEW.id AND key = gate.key))`;

/** What it had without a slot being free ends with its run. */
const wasLent = "NEW.came_from = 'running' AND job_id = NEW.id AND lent = 1";

const isFirstDue = `NEW.started_at IS NULL
    AND (NEW.came_from = 'scheduled' OR NEW.came_from = 'waiting' OR NEW.came_from = 'held')`;

/** It was handed back, or sent back for its gates: that run counts as nothing. */
const neverBegan = `NEW.came_from = 'running' AND NEW.counts = 0
    AND NEW.attempts < NEW.had_attempts`;

const msOfGate = `coalesce(
      (SELECT ms FROM job_gates WHERE job_id = NEW.id AND key = slots.key), 0)`;

/**
 * The slot of a rate that this run took, which never began: it is there as long as nobody took one
 * of its key after it had rested.
 */
const returned = `id IN (SELECT (
      SELECT id FROM slots WHERE key = gate.key AND job_id IS NULL AND kind = 'rate'
        AND expires_at = NEW.started_at + gate.ms AND begun_by = NEW.id LIMIT 1)
    FROM job_gates AS gate WHERE gate.job_id = NEW.id AND gate.kind = 'rate')`;

/** Asked after it was sent back. */
const isBlocked = "EXISTS (SELECT 1 FROM jobs WHERE id = NEW.id AND state = 'blocked')";

/** Asked after it was sent back. */
const keepsKey = "instr(states, ',' || (SELECT state FROM jobs WHERE id = NEW.id) || ',') > 0";

/** Of a job that has come to a state in which it takes a key that it let go before. */
const lacksKey = `NEW.unique_key IS NOT NULL AND EXISTS (SELECT 1 FROM unique_keys
      WHERE job_id = NEW.id AND held = 0 AND ${keepsKey})`;

const known = `ON CONFLICT (job_id) DO UPDATE
    SET outcome = excluded.outcome, batch_id = excluded.batch_id`;

/**
 * One trigger for everything, also for what transitions.ts says: several fire in no defined order,
 * and each costs the jobs without links, which are most, 2 % of a drain. SQLite sets up the whole
 * of a trigger before it asks WHEN, so what follows for linked jobs is that of a view: 4 % less.
 */
const moves = `DROP TRIGGER jobs_transition;
CREATE VIEW job_moves (
  id, came_from, state, had_attempts, attempts, started_at, batch_id, unique_key, counts)
AS SELECT id, state, state, attempts, attempts, started_at, batch_id, unique_key, 1 FROM jobs;

CREATE TRIGGER jobs_moved
AFTER UPDATE OF state ON jobs
WHEN NEW.linked = 1 OR ${isIllegal}
BEGIN
  SELECT ${refuse} WHERE ${isIllegal};
  INSERT INTO job_moves VALUES (NEW.id, OLD.state, NEW.state, OLD.attempts, NEW.attempts,
    NEW.started_at, NEW.batch_id, NEW.unique_key,
    NEW.interruptions + NEW.crashes - OLD.interruptions - OLD.crashes);
END;`;

/** What a move of a linked job means; `more`: statements that later migrations added. */
export function moved(more: readonly string[]): string {
  return `CREATE TRIGGER linked_job_moved
INSTEAD OF INSERT ON job_moves
BEGIN
  UPDATE slots SET job_id = NULL, begun_by = NEW.id,
      expires_at = coalesce(NEW.started_at, since) + ${msOfGate}
    WHERE NEW.state = 'running' AND job_id = NEW.id AND kind = 'rate';
  DELETE FROM slots WHERE NEW.state = 'running' AND job_id = NEW.id AND kind = 'fair';
  UPDATE slots SET job_id = NEW.id, begun_by = NULL, expires_at = NULL
    WHERE ${neverBegan} AND ${returned};
  DELETE FROM slots WHERE ${givesUp} AND job_id = NEW.id;
  DELETE FROM slots WHERE ${wasLent};
  UPDATE jobs SET state = 'blocked' WHERE NEW.state = 'ready' AND id = NEW.id AND ${lacksSlot};
  UPDATE job_gates SET waits = ${isBlocked}, since = NULL, keeps = keeps AND NOT ${isBlocked}
    WHERE job_id = NEW.id AND waits <> ${isBlocked};
  UPDATE unique_keys SET held = 0 WHERE NEW.unique_key IS NOT NULL
    AND job_id = NEW.id AND held = 1 AND NOT ${keepsKey};
  INSERT INTO touched (job_id, outcome, batch_id)
    SELECT NEW.id, CASE WHEN ${isFirstDue} AND ${isBlocked} THEN 'due' END, NEW.batch_id
    WHERE ${givesUp} OR ${isBlocked} OR (NEW.came_from = 'running' AND NEW.state = 'scheduled')
      OR (NEW.state = 'running'
        AND EXISTS (SELECT 1 FROM job_gates WHERE job_id = NEW.id AND kind = 'fair'))
      OR (${lacksKey})
    ${known};
${more.map((statement) => `  ${statement}\n`).join("")}END;`;
}

const gone = `CREATE TRIGGER jobs_gone
AFTER DELETE ON jobs
WHEN OLD.linked = 1
BEGIN
  DELETE FROM unique_keys WHERE job_id = OLD.id AND (until IS NULL OR held = 0);
  DELETE FROM slots WHERE job_id = OLD.id;
  DELETE FROM dependencies WHERE job_id = OLD.id;
  UPDATE job_gates SET waits = 0, since = NULL WHERE job_id = OLD.id AND waits = 1;
  INSERT INTO touched (job_id, outcome, batch_id)
    SELECT OLD.id, CASE WHEN ${hadEnded} THEN OLD.state ELSE 'discarded' END, OLD.batch_id
    WHERE NOT (${hadEnded}) OR EXISTS (SELECT 1 FROM touched WHERE job_id = OLD.id)
    ${known};
  DELETE FROM job_gates
    WHERE job_id = OLD.id AND NOT EXISTS (SELECT 1 FROM touched WHERE job_id = OLD.id);
END;`;

export const linkTriggers: string = `${moves}

${moved([])}

${gone}`;
