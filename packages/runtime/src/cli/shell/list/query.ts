// Pueue's language of `status`, in its order and with our states beside its own:
//
//     [columns=a,b,…] [filter]* [order_by COLUMN [asc|desc]] [first|last N]
//
// A value of `command` or `label` goes on to the end, but for what reads as another filter or as an
// order: in Pueue it swallows those as well. Quotes say exactly where it ends.

import type { CommandCondition, CommandField } from "@queue-runtime/store";
import { UsageError } from "../../line/errors.ts";
import { quoted } from "../../terminal/text.ts";
import { type Reader, readerOf } from "./reader.ts";
import { readSpan } from "./span.ts";
import { allStatuses, type Status, statusesNamed } from "./statuses.ts";

export interface StatusQuery {
  /** null: those that have something to show. */
  readonly columns: readonly ColumnName[] | null;
  readonly statuses: ReadonlySet<Status>;
  readonly where: readonly CommandCondition[];
  readonly orderBy: { readonly field: CommandField; readonly descending: boolean } | null;
  readonly first: number | null;
  readonly last: number | null;
}

export type ColumnName =
  | "id"
  | "status"
  | "priority"
  | "command"
  | "label"
  | "path"
  | "enqueue_at"
  | "dependencies"
  | "start"
  | "end"
  | "group"
  | "slots"
  | "exit_code";

export const columnNames: readonly ColumnName[] = [
  ...(["id", "status", "priority", "command", "label", "path"] as const),
  ...(["enqueue_at", "dependencies", "start", "end", "group", "slots", "exit_code"] as const),
];

const orderFields: Readonly<Record<string, CommandField>> = {
  id: "id",
  status: "state",
  priority: "priority",
  command: "command",
  label: "label",
  path: "directory",
  enqueue_at: "enqueueAt",
  start: "start",
  end: "end",
};

/** @param now for times of today. @throws UsageError */
export function readQuery(text: string, now: number): StatusQuery {
  const reader = readerOf(text);
  const columns = readColumns(reader);
  const filters = readFilters(reader, now);
  const orderBy = readOrder(reader);
  const limit = readLimit(reader);
  const rest = reader.rest();
  if (rest !== "") throw misplaced(rest);
  return { columns, ...filters, orderBy, ...limit };
}

function readColumns(reader: Reader): readonly ColumnName[] | null {
  const list = reader.take(/columns\s*=\s*([a-z_]+(?:\s*,\s*[a-z_]+)*)/iy)?.[1];
  if (list === undefined) return null;
  return list.split(",").map((typed) => {
    const name = typed.trim().toLowerCase();
    const column = columnNames.find((each) => each === name);
    if (column !== undefined) return column;
    throw new UsageError(`${quoted(name)} is not a column; they are ${columnNames.join(", ")}`);
  });
}

function readFilters(reader: Reader, now: number): Pick<StatusQuery, "statuses" | "where"> {
  const where: CommandCondition[] = [];
  let statuses: ReadonlySet<Status> = new Set(allStatuses);
  while (true) {
    const status = reader.take(/status\s*(!=|=)\s*([a-z-]+)/iy);
    const time = status ? null : reader.take(/(start|end|enqueue_at)\s*(!=|=|<|>)\s*/iy);
    const text = status || time ? null : reader.take(/(command|label)\s*(!=|%=|=)\s*/iy);
    if (status) statuses = narrowed(statuses, status[1] === "=", status[2] ?? "");
    else if (time) where.push(timeCondition(time[1] ?? "", time[2] ?? "", readSpan(reader, now)));
    else if (text) where.push(textCondition(text[1] ?? "", text[2] ?? "", reader.value()));
    else return { statuses, where };
  }
}

function narrowed(all: ReadonlySet<Status>, is: boolean, name: string): ReadonlySet<Status> {
  const named = statusesNamed(name.toLowerCase());
  return new Set([...all].filter((each) => named.includes(each) === is));
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function timeCondition(typed: string, sign: string, span: Span): CommandCondition {
  const name = typed.toLowerCase();
  const field = name === "enqueue_at" ? "enqueueAt" : name === "start" ? "start" : "end";
  const operators = { "=": "within", "!=": "not-within", "<": "before", ">": "after" } as const;
  return { field, operator: operators[sign as keyof typeof operators], ...span };
}

function textCondition(typed: string, sign: string, value: string): CommandCondition {
  const field = typed.toLowerCase() === "command" ? "command" : "label";
  const operators = { "=": "is", "!=": "is-not", "%=": "contains" } as const;
  return { field, operator: operators[sign as keyof typeof operators], value };
}

function readOrder(reader: Reader): StatusQuery["orderBy"] {
  const match = reader.take(/order_by\s+([a-z_]+)(?:\s+(asc|desc)\b)?/iy);
  if (match === null) return null;
  const name = (match[1] ?? "").toLowerCase();
  const field = Object.hasOwn(orderFields, name) ? orderFields[name] : undefined;
  if (field !== undefined) return { field, descending: match[2]?.toLowerCase() === "desc" };
  const names = Object.keys(orderFields).join(", ");
  throw new UsageError(`${quoted(name)} is nothing to order by; write ${names}`);
}

function readLimit(reader: Reader): Pick<StatusQuery, "first" | "last"> {
  const match = reader.take(/(first|last)\s+(\d+)(?!\S)/iy);
  if (match === null) return { first: null, last: null };
  const count = Number(match[2]);
  if (count === 0) throw new UsageError(`${match[0].trim()} would show nothing; write 1 or more`);
  const limit = Math.min(count, 100_000);
  const isFirst = match[1]?.toLowerCase() === "first";
  return isFirst ? { first: limit, last: null } : { first: null, last: limit };
}

function misplaced(rest: string): UsageError {
  const order = "columns=… filters order_by COLUMN first N, in this order";
  const [word = ""] = rest.split(/\s/);
  return new UsageError(`the query is not understood from ${quoted(word)} on; it is ${order}`);
}
