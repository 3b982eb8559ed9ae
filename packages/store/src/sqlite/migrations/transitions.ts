// The table of transitions in job.ts as a trigger: the database itself refuses an illegal one,
// whoever asks, be it a later version of this program or a person at a SQL prompt. When the table
// changes, a new migration has to replace the trigger; a test compares the two.

import { type JobState, jobStates, transitions } from "../../job.ts";

const branches = jobStates.map(
  (from) => `    WHEN '${from}' THEN NOT (${isOneOf("NEW.state", transitions[from])})`,
);

/** Of a row that changes its state. */
export const isIllegal: string = `CASE OLD.state
${branches.join("\n")}
  END`;

export const refuse = "RAISE(ABORT, 'this is no legal transition of a job')";

export const transitionTrigger: string = `CREATE TRIGGER jobs_transition
AFTER UPDATE OF state ON jobs
WHEN ${isIllegal}
BEGIN
  SELECT ${refuse};
END;`;

export function isOneOf(column: string, states: readonly JobState[]): string {
  return states.map((state) => `${column} = '${state}'`).join(" OR ");
}
