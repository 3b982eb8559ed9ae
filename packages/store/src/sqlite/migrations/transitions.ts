// The table of transitions in job.ts as a trigger: the database itself refuses an illegal one,
// whoever asks, be it a later version of this program or a person at a SQL prompt.

import { jobStates, transitions } from "../../job.ts";

const branches = jobStates.map((from) => {
  const next = transitions[from].map((to) => `'${to}'`).join(", ");
  return `    WHEN '${from}' THEN NEW.state NOT IN (${next})`;
});

export const transitionTrigger: string = `CREATE TRIGGER jobs_transition
BEFORE UPDATE OF state ON jobs
WHEN CASE OLD.state
${branches.join("\n")}
  END
BEGIN
  SELECT RAISE(ABORT, 'this is no legal transition of a job');
END;`;
