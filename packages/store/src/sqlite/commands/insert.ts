// Writes the command of a new job, and the environment that it has, if nobody had it before.

import { noGroup, type PreparedCommand } from "../../rules/commands/new-command.ts";
import type { PreparedJob } from "../../rules/new-job.ts";
import type { Connection } from "../driver/connection.ts";

type Sql = Pick<Connection, "sql">;

const groupExists = "SELECT 1 FROM command_groups WHERE name = ?";
const allGroups = "SELECT name FROM command_groups ORDER BY name";

/**
 * Before anything is inserted.
 * @throws StoreError `invalid`
 */
export function checkGroups(connection: Sql, jobs: readonly PreparedJob[]): void {
  let checked: string | null = null;
  for (const { command, queue } of jobs) {
    if (!command || queue === checked) continue;
    checked = queue;
    if (connection.sql(groupExists).get(queue)) continue;
    const rows = connection.sql(allGroups).all();
    throw noGroup(
      queue,
      rows.map(({ name }) => name as string),
    );
  }
}

const insert = `INSERT INTO commands (job_id, group_name, job_state, line, argv, directory,
    environment_id, separate, slots, retry_limit, timeout_ms)
  SELECT id, queue, state, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM jobs WHERE id = ?1`;
const comeAfter = "INSERT INTO command_after (job_id, on_id, if_fails) VALUES (?, ?, ?)";

/** Its job is there. */
export function insertCommand(connection: Sql, id: number, job: PreparedJob): void {
  if (!job.command) return;
  connection.sql(insert).run(id, ...valuesOf(connection, job.command));
  for (const on of job.after) connection.sql(comeAfter).run(id, on, job.ifDependencyFails);
}

/** Its job moved unseen by the trigger. */
const change = `UPDATE commands SET
    (group_name, job_state) = (SELECT queue, state FROM jobs WHERE id = ?1),
    line = ?2, argv = ?3, directory = ?4, environment_id = ?5, separate = ?6, slots = ?7,
    retry_limit = ?8, timeout_ms = ?9
  WHERE job_id = ?1`;

/** Of a job that becomes another one. */
export function changeCommand(connection: Sql, id: number, command: PreparedCommand): void {
  connection.sql(change).run(id, ...valuesOf(connection, command));
}

function valuesOf(connection: Sql, command: PreparedCommand): readonly (string | number | null)[] {
  const { line, argv, directory, separate, slots, retryLimit, timeoutMs } = command;
  const environment = environmentId(connection, command.environment);
  return [line, argv, directory, environment, Number(separate), slots, retryLimit, timeoutMs];
}

const known = "SELECT id FROM environments WHERE hash = ?";
const keep = "INSERT INTO environments (hash, variables) VALUES (?, ?)";

export function environmentId(
  connection: Sql,
  { hash, json }: PreparedCommand["environment"],
): number {
  const id = connection.sql(known).get(hash)?.id as number | undefined;
  return id ?? Number(connection.sql(keep).run(hash, json).lastInsertRowid);
}
