// Lists jobs, oldest first.

import type { SQLInputValue } from "node:sqlite";
import type { Job } from "../../job.ts";
import type { JobFilter } from "../../store.ts";
import type { Driver } from "../driver.ts";
import { jobColumns, toJob } from "../rows.ts";

const defaultLimit = 50;

export function list(driver: Driver, filter: JobFilter): readonly Job[] {
  const terms: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (term: string, ...given: SQLInputValue[]): void => {
    terms.push(term);
    values.push(...given);
  };
  if (filter.states)
    where(`state IN (${filter.states.map(() => "?").join(", ")})`, ...filter.states);
  if (filter.queue !== undefined) where("queue = ?", filter.queue);
  if (filter.name !== undefined) where("name = ?", filter.name);
  if (filter.processId !== undefined) where("process_id = ?", filter.processId);
  const condition = terms.length === 0 ? "" : `WHERE ${terms.join(" AND ")}`;
  const sql = `SELECT ${jobColumns} FROM jobs ${condition} ORDER BY id LIMIT ?`;
  return driver
    .tuples(sql)
    .all(...values, filter.limit ?? defaultLimit)
    .map(toJob);
}
