// What may be asked of the list of commands.

import { type JobState, jobStates } from "../../job.ts";
import type { CommandCondition, CommandField, CommandQuery } from "../../store/commands.ts";
import { invalid, list, object, oneOf, prefixed } from "../fields.ts";

/** A query with its defaults filled in; absent conditions are null. */
export interface PreparedQuery {
  readonly ids: readonly number[] | null;
  readonly groups: readonly string[] | null;
  readonly states: readonly JobState[] | null;
  readonly paused: boolean | null;
  readonly where: readonly CommandCondition[];
  readonly beyond: number | null;
  readonly field: CommandField;
  readonly descending: boolean;
  readonly limit: number;
  /** Of the order the last ones, not the first. */
  readonly fromEnd: boolean;
}

const most = 100_000;
const fields: readonly CommandField[] = [
  "id",
  "state",
  "priority",
  "command",
  "label",
  "directory",
  "enqueueAt",
  "start",
  "end",
];
const texts = ["command", "label"] as const;
const times = ["enqueueAt", "start", "end"] as const;
const textOperators = ["is", "is-not", "contains"] as const;
const timeOperators = ["before", "after", "within", "not-within"] as const;

/** @throws StoreError `invalid` */
export function prepareQuery(query: CommandQuery): PreparedQuery {
  return prefixed("the commands cannot be listed", () => {
    const { ids, groups, states, paused, where = [], orderBy, first, last } = query;
    if (first !== undefined && last !== undefined)
      throw invalid("either first or last can be asked for, not both");
    const beyond = query.beyond ?? null;
    if (beyond !== null && (orderBy || last !== undefined))
      throw invalid("beyond goes with first, and not with orderBy or last");
    return {
      beyond,
      // An id that is none fits nothing.
      ids: ids ? ids.filter((id) => Number.isSafeInteger(id)) : null,
      groups: groups ?? null,
      states: states ? states.map((state) => oneOf("a state", state, jobStates)) : null,
      paused: paused ?? null,
      where: list("where", where, 100).map(checkCondition),
      field: orderBy ? oneOf("orderBy", orderBy.field, fields) : "id",
      descending: orderBy?.descending === true,
      limit: checkLimit(first ?? last ?? most),
      fromEnd: last !== undefined,
    };
  });
}

function checkLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0 && limit <= most) return limit;
  throw invalid(`first and last must be whole numbers from 0 to ${most}`, limit);
}

function checkCondition(condition: unknown): CommandCondition {
  const given = object("a condition", condition);
  const field = oneOf("the field of a condition", given.field, [...texts, ...times]);
  if (field === "command" || field === "label") {
    const operator = oneOf(`the operator of ${field}`, given.operator, textOperators);
    if (typeof given.value !== "string") throw invalid(`the value of ${field} must be a string`);
    return { field, operator, value: given.value };
  }
  const operator = oneOf(`the operator of ${field}`, given.operator, timeOperators);
  return { field, operator, from: point(given.from), to: point(given.to) };
}

function point(value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw invalid("from and to of a condition must be milliseconds since 1970", value ?? null);
}
