// Finds commands. Everything is decided in SQL: the ids first, by as few columns as the question
// needs, and only those that are answered are read as a whole.
//
// Group and state are in indexes of their own; any other order or condition looks at each command
// that is left, which takes less than a microsecond.

import type { SQLInputValue } from "node:sqlite";
import { jobStates } from "../../job.ts";
import { type PreparedQuery, prepareQuery } from "../../rules/commands/query.ts";
import type { CommandJob } from "../../store/command.ts";
import type { CommandCondition, CommandField, CommandQuery } from "../../store/commands.ts";
import type { Driver } from "../driver.ts";
import { commandColumns, toCommandJob } from "./rows.ts";

const one = `SELECT ${commandColumns} FROM jobs CROSS JOIN commands ON commands.job_id = jobs.id
  WHERE jobs.id = ?`;

export function find(driver: Driver, id: number): CommandJob | null {
  const row = Number.isSafeInteger(id) ? driver.tuples(one).get(id) : undefined;
  return row ? toCommandJob(row, driver.now()) : null;
}

const environmentOf = `SELECT variables FROM commands CROSS JOIN environments
  ON environments.id = environment_id WHERE job_id = ?`;

export function environment(driver: Driver, id: number): Readonly<Record<string, string>> | null {
  const json = Number.isSafeInteger(id) ? driver.value(environmentOf, id) : undefined;
  return json === undefined ? null : (JSON.parse(json as string) as Record<string, string>);
}

const whole = `SELECT ${commandColumns} FROM (SELECT value FROM json_each(?)) AS chosen
  CROSS JOIN jobs ON jobs.id = chosen.value CROSS JOIN commands ON commands.job_id = jobs.id`;

export function list(driver: Driver, query: CommandQuery): readonly CommandJob[] {
  const prepared = prepareQuery(query);
  const { sql, values } = idsOf(prepared);
  const ids = (driver.tuples(sql).all(...values) as unknown as [number][]).flat();
  if (prepared.fromEnd) ids.reverse();
  const now = driver.now();
  return driver
    .tuples(whole)
    .all(JSON.stringify(ids))
    .map((row) => toCommandJob(row, now));
}

interface Term {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
  /** Reads columns of the job. */
  readonly ofJob?: boolean;
}

function idsOf(query: PreparedQuery): { sql: string; values: readonly SQLInputValue[] } {
  const terms = termsOf(query);
  const order = orderOf(query);
  const needsJob = order.ofJob || terms.some(({ ofJob }) => ofJob);
  const from = needsJob ? "commands CROSS JOIN jobs ON jobs.id = job_id" : "commands";
  const where = terms.length === 0 ? "" : `WHERE ${terms.map(({ sql }) => sql).join(" AND ")}`;
  return {
    sql: `SELECT job_id FROM ${from} ${where} ORDER BY ${order.sql} LIMIT 0 + ?`,
    values: [...terms.flatMap(({ values }) => values), query.limit],
  };
}

function termsOf({ ids, groups, states, paused, where, beyond }: PreparedQuery): readonly Term[] {
  const terms: Term[] = [];
  if (ids) terms.push(anyOf("job_id", ids));
  if (groups) terms.push(anyOf("group_name", groups));
  if (states) terms.push(anyOf("job_state", states));
  if (paused !== null)
    terms.push({ sql: "(paused = 1 AND job_state = 'running') = ?", values: [Number(paused)] });
  if (beyond !== null) terms.push({ sql: "job_id > ?", values: [beyond] });
  return [...terms, ...where.map(termOf)];
}

/** One value is a search that keeps the order of ids; several are a list. */
function anyOf(column: string, values: readonly (string | number)[]): Term {
  if (values.length === 1) return { sql: `${column} = ?`, values };
  return { sql: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] };
}

interface Column {
  readonly sql: string;
  readonly ofJob: boolean;
  readonly nullable?: boolean;
}

const stateOrder = `CASE job_state ${jobStates
  .map((state, n) => `WHEN '${state}' THEN ${n}`)
  .join(" ")} END`;

const columns: Readonly<Record<CommandField, Column>> = {
  id: { sql: "job_id", ofJob: false },
  state: { sql: stateOrder, ofJob: false },
  priority: { sql: "priority", ofJob: true },
  command: { sql: "line", ofJob: false },
  label: { sql: "label", ofJob: true, nullable: true },
  directory: { sql: "directory", ofJob: false },
  enqueueAt: {
    sql: "(CASE WHEN job_state = 'scheduled' THEN run_at END)",
    ofJob: true,
    nullable: true,
  },
  start: { sql: "started_at", ofJob: true, nullable: true },
  end: { sql: "finished_at", ofJob: true, nullable: true },
};

function termOf(condition: CommandCondition): Term {
  const { sql: column, ofJob } = columns[condition.field];
  switch (condition.operator) {
    case "is":
      return { sql: `${column} = ?`, values: [condition.value], ofJob };
    case "is-not":
      return { sql: `${column} <> ?`, values: [condition.value], ofJob };
    case "contains":
      return { ...containing(column, condition.value), ofJob };
    case "before":
      return { sql: `${column} < ?`, values: [condition.from], ofJob };
    case "after":
      return { sql: `${column} >= ?`, values: [condition.to], ofJob };
    case "within": {
      const values = [condition.from, condition.to];
      return { sql: `(${column} >= ? AND ${column} < ?)`, values, ofJob };
    }
    case "not-within": {
      const values = [condition.from, condition.to];
      return { sql: `(${column} < ? OR ${column} >= ?)`, values, ofJob };
    }
    default:
      return condition satisfies never;
  }
}

/** SQLite knows small letters of ASCII only; a function of ours knows all, and is slower. */
function containing(column: string, value: string): Term {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
  const lower = /^[\x00-\x7f]*$/.test(value) ? "lower" : "lower_case";
  return { sql: `instr(${lower}(${column}), ${lower}(?)) > 0`, values: [value] };
}

/** Those without the field come last, and ties go by id; `fromEnd`: all the other way round. */
function orderOf({ field, descending, fromEnd }: PreparedQuery): Column {
  const { sql, ofJob, nullable } = columns[field];
  const way = (down: boolean): string => (down === fromEnd ? "ASC" : "DESC");
  const parts = [`${sql} ${way(descending)}`];
  if (nullable) parts.unshift(`${sql} IS NULL ${way(false)}`);
  if (field !== "id") parts.push(`job_id ${way(false)}`);
  return { sql: parts.join(", "), ofJob };
}
