// Finds commands. Everything is decided in SQL: the ids first, by as few columns as the question
// needs, and only those that are answered are read as a whole. What is asked is in list/terms.ts.
//
// By far the most lists are of some states or groups in the order of their ids, with a limit. Those
// walk an index for each pair of group and state, and stop where they have enough of each. Any
// other order or condition looks at each command that is left.

import { jobStates } from "../../job.ts";
import { type PreparedQuery, prepareQuery } from "../../rules/commands/query.ts";
import type { CommandJob } from "../../store/command.ts";
import type { CommandQuery } from "../../store/commands.ts";
import type { Driver } from "../driver.ts";
import { orderOf, Terms } from "./list/terms.ts";
import { commandColumns, jobIn, toCommandJob } from "./rows.ts";

const whole = `SELECT ${commandColumns}
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, number)
  CROSS JOIN LATERAL (SELECT * FROM queue_runtime.commands WHERE job_id = wanted.id) AS command
  CROSS JOIN ${jobIn("wanted.id")}
ORDER BY wanted.number`;

export async function find(driver: Driver, id: number): Promise<CommandJob | null> {
  if (!Number.isSafeInteger(id)) return null;
  const [row] = (await driver.query(whole, [[id]])).rows;
  return row === undefined ? null : toCommandJob(row);
}

const environmentOf = `SELECT variables FROM queue_runtime.environments
  WHERE id = (SELECT environment_id FROM queue_runtime.commands WHERE job_id = $1)`;

export async function environment(
  driver: Driver,
  id: number,
): Promise<Readonly<Record<string, string>> | null> {
  if (!Number.isSafeInteger(id)) return null;
  const value = await driver.value(environmentOf, [id]);
  return (value as Record<string, string> | undefined) ?? null;
}

export async function list(driver: Driver, query: CommandQuery): Promise<readonly CommandJob[]> {
  const prepared = prepareQuery(query);
  const isEmpty = [prepared.ids, prepared.groups, prepared.states].some((all) => all?.length === 0);
  if (isEmpty || prepared.limit === 0) return [];
  const { text, values } = idsOf(prepared);
  const answer = await driver.once(text, values);
  const rows = answer.rows as [number][];
  const ids = rows.map(([id]) => id);
  if (prepared.fromEnd) ids.reverse();
  if (ids.length === 0) return [];
  return (await driver.query(whole, [ids], true)).rows.map(toCommandJob);
}

interface Question {
  readonly text: string;
  readonly values: readonly unknown[];
}

function idsOf(query: PreparedQuery): Question {
  const { groups, states, ids, field } = query;
  const terms = new Terms(query);
  const order = orderOf(query);
  const needsJob = terms.readsJob || order.readsJob;
  const from = `queue_runtime.commands AS command ${
    needsJob ? `CROSS JOIN ${jobIn("command.job_id")}` : ""
  }`;
  const some = (where: readonly string[], by: string): string => {
    const all = [...where, ...terms.conditions];
    return `SELECT command.job_id FROM ${from}
      ${all.length > 0 ? `WHERE ${all.join(" AND ")}` : ""}
      ORDER BY ${by} LIMIT ${terms.limit}`;
  };
  if (field !== "id" || ids || !(groups || states)) {
    const among = [...terms.among("group_name", groups), ...terms.among("job_state", states)];
    return { text: some(among, order.text), values: terms.values };
  }
  const lane = terms.lane([
    ...(groups ? [["group_name", groups] as const] : []),
    ["job_state", states ?? jobStates],
  ]);
  const inLane = lane.columns.map((column) => `${column} ${order.way}`).join(", ");
  const text = `SELECT job_id FROM ${lane.source}
    CROSS JOIN LATERAL (${some(lane.conditions, inLane)}) AS command
    ORDER BY ${order.text} LIMIT ${terms.limit}`;
  return { text, values: terms.values };
}
