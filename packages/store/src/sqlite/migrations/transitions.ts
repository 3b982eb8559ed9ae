// The table of transitions in job.ts as a trigger: the database itself refuses an illegal one,
// whoever asks, be it a later version of this program or a person at a SQL prompt. When the table
// changes, a new migration has to replace the trigger; a test compares the two.

import { type JobState, jobStates, transitions } from "../../job.ts";

const branches = jobStates.map(
  (from) => `    WHEN '${from}' THEN NOT (${isOneOf("NEW.state", transitions[from])})`,
);

export const transitionTrigger: string = `CREATE TRIGGER jobs_transition
AFTER UPDATE OF state ON jobs
WHEN CASE OLD.state
${branches.join("\n")}
  END
BEGIN
  SELECT RAISE(ABORT, 'this is no legal transition of a job');
END;`;

export function isOneOf(column: string, states: readonly JobState[]): string {
  return states.map((state) => `${column} = '${state}'`).join(" OR ");
}
