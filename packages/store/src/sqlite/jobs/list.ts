// Lists jobs, oldest first.
//
// Walking the table by id is right when most jobs match, and endless when three failed ones hide
// among a million. So jobs in rare states are first looked up in the index of their state.

import type { SQLInputValue } from "node:sqlite";
import type { Job, JobState } from "../../job.ts";
import type { JobFilter } from "../../store.ts";
import type { Driver } from "../driver.ts";
import { jobColumns, toJob } from "../rows.ts";
import { type ReadyIndex, ready, suspects } from "../turn/lanes.ts";

const defaultLimit = 50;

export function list(driver: Driver, filter: JobFilter): readonly Job[] {
  const terms: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (term: string, ...given: SQLInputValue[]): void => {
    terms.push(term);
    values.push(...given);
  };
  const { states, queue, name, processId, batchId, beyond, limit = defaultLimit } = filter;
  if (states) {
    const few = idsOfFew(driver, states);
    if (few) where("id IN (SELECT value FROM json_each(?))", JSON.stringify(few));
    else where(`state IN (${states.map(() => "?").join(", ")})`, ...states);
  }
  if (queue !== undefined) where("queue = ?", queue);
  if (name !== undefined) where("name = ?", name);
  if (processId !== undefined) where("process_id = ?", processId);
  if (batchId !== undefined) where("batch_id = ?", batchId);
  if (beyond !== undefined) where("id > ?", beyond);
  const condition = terms.length === 0 ? "" : `WHERE ${terms.join(" AND ")}`;
  const sql = `SELECT ${jobColumns} FROM jobs ${condition} ORDER BY id LIMIT ?`;
  return driver
    .tuples(sql)
    .all(...values, limit)
    .map(toJob);
}

/** How many jobs are few: to look each of them up is cheaper than a walk. */
const few = 1_000;

const readyIn = ({ index, where }: ReadyIndex): string =>
  `SELECT id FROM jobs INDEXED BY ${index} WHERE ${where}`;

const waitingIn = (state: JobState): string =>
  `SELECT id FROM jobs INDEXED BY jobs_waiting WHERE state = '${state}'`;

const endedIn = (state: JobState): string =>
  `SELECT id FROM jobs INDEXED BY jobs_ended WHERE finished_at IS NOT NULL AND state = '${state}'`;

const inState: Readonly<Record<JobState, string>> = {
  held: waitingIn("held"),
  waiting: waitingIn("waiting"),
  scheduled: waitingIn("scheduled"),
  blocked: waitingIn("blocked"),
  ready: `${readyIn(ready)} UNION ALL ${readyIn(suspects)}`,
  running: "SELECT id FROM jobs INDEXED BY jobs_running WHERE process_id IS NOT NULL",
  finished: endedIn("finished"),
  failed: endedIn("failed"),
  cancelled: endedIn("cancelled"),
};

/** null when they are many. */
function idsOfFew(driver: Driver, states: readonly JobState[]): readonly number[] | null {
  const wanted = [...new Set(states)].map((state) => inState[state]);
  if (wanted.length === 0) return [];
  const rows = driver.tuples(`${wanted.join(" UNION ALL ")} LIMIT ${few + 1}`).all();
  return rows.length > few ? null : (rows as unknown as [number][]).map(([id]) => id);
}
