// The table of transitions in job.ts as SQL: the database itself refuses an illegal one, whoever
// asks. The conditions stand in WHEN and CHECK, which cost a fraction of a microsecond; a function
// is called only to say no. When the table changes, a new migration replaces all of this; a test
// compares the two.

import { endStates, type JobState, jobStates, transitions } from "../../job.ts";

const ends: readonly JobState[] = endStates;
export const liveStates: readonly JobState[] = jobStates.filter((state) => !ends.includes(state));

function isOneOf(column: string, states: readonly JobState[]): string {
  return `${column} IN (${states.map((state) => `'${state}'`).join(", ")})`;
}

/** `false` where there is none. */
function isLegal(from: string, to: string, among: readonly JobState[]): string {
  const branches = liveStates.map((state) => {
    const next = transitions[state].filter((each) => among.includes(each));
    return `WHEN '${state}' THEN ${next.length === 0 ? "false" : isOneOf(to, next)}`;
  });
  return `CASE ${from} ${branches.join(" ")} ELSE false END`;
}

export const isLive: string = isOneOf("state", liveStates);
export const isEnded: string = isOneOf("state", ends);
/** From `ended_from`, the state in which a job left the table of live ones. */
export const endedLegally: string = isLegal("ended_from", "state", ends);

/** Of an update of a live job. */
export const movesIllegally: string = `OLD.state <> NEW.state
  AND NOT ${isLegal("OLD.state", "NEW.state", liveStates)}`;

export const transitionTriggers: string = `
CREATE FUNCTION queue_runtime.refuse_transition() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'this is no legal transition of a job' USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER jobs_transition BEFORE UPDATE OF state ON queue_runtime.jobs FOR EACH ROW
WHEN (${movesIllegally})
EXECUTE FUNCTION queue_runtime.refuse_transition();

CREATE TRIGGER jobs_begin BEFORE INSERT ON queue_runtime.jobs FOR EACH ROW
WHEN (NEW.state = 'running')
EXECUTE FUNCTION queue_runtime.refuse_transition();

CREATE TRIGGER ended_jobs_end BEFORE UPDATE OF state ON queue_runtime.ended_jobs FOR EACH ROW
WHEN (OLD.state <> NEW.state)
EXECUTE FUNCTION queue_runtime.refuse_transition();`;
