// The shapes of commands, groups and what people ask of them; the types are those of the desk.

import type { CommandCondition } from "@queue-runtime/store";
import type { Added, AddRequest, Changes, CommandRow, GroupRow, Selection } from "../desk.ts";
import { Problem } from "../problem.ts";
import {
  anything,
  flag,
  integer,
  listOf,
  mapOf,
  named,
  nullable,
  type Optional,
  object,
  oneOf,
  optional,
  type Schema,
  text,
} from "./schema.ts";
import { count, delayMs, id, ids, name, priority, state, time } from "./shapes.ts";

export const selectionFields: {
  readonly ids: Optional<readonly number[]>;
  readonly group: Optional<string>;
  readonly all: Optional<boolean>;
} = { ids: optional(ids), group: optional(name), all: optional(flag) };

export function selectionOf({ ids, group, all }: Selection): Selection {
  return {
    ...(ids !== undefined && { ids }),
    ...(group !== undefined && { group }),
    ...(all !== undefined && { all }),
  };
}

export const addRequest: Schema<AddRequest> = named(
  "NewCommand",
  object({
    words: listOf(text(), 10_000),
    escape: optional(flag),
    exec: optional(flag),
    directory: text({ least: 1, most: 4_096 }),
    environment: mapOf(text()),
    group: optional(name),
    priority: optional(priority),
    label: optional(nullable(text())),
    after: optional(listOf(id, 1_000)),
    if_dependency_fails: optional(oneOf("fail", "run")),
    stashed: optional(flag),
    immediate: optional(flag),
    delay_ms: optional(delayMs),
    at: optional(time),
    slots: optional(integer(1, 1_000_000)),
    separate: optional(flag),
    retry: optional(integer(0, 1_000_000)),
    timeout_ms: optional(nullable(delayMs)),
    unique: optional(text({ least: 1, most: 300 })),
  }),
);

export const added: Schema<Added> = named(
  "AddedCommand",
  object({
    id,
    outcome: oneOf("created", "exists", "started", "refused"),
    error: optional(text()),
    warning: optional(text()),
  }),
);

export const commandShape: Schema<Omit<CommandRow, "error">> = named(
  "Command",
  object({
    id,
    name: text(),
    kind: oneOf("command"),
    queue: text(),
    state,
    priority,
    attempts: count,
    command: text(),
    directory: text(),
    label: nullable(text()),
    after: listOf(id, 100_000),
    slots: count,
    slot: nullable(count),
    pid: nullable(count),
    exit_code: nullable(integer(0, 255)),
    signal: nullable(text()),
    ended_by: nullable(oneOf("self", "person", "timeout", "oom", "dependency", "lost")),
    signals_sent: listOf(text(), 1_000),
    paused: flag,
    locked: flag,
    adopted: flag,
    run_at: time,
    created_at: time,
    started_at: nullable(time),
    finished_at: nullable(time),
    error: anything,
  }),
);

export const groupShape: Schema<GroupRow> = named(
  "Group",
  object({
    name: text(),
    slots: count,
    paused: flag,
    pause_on_failure: flag,
    running: count,
    queued: count,
    jobs: mapOf(count),
  }),
);

export const changes: Schema<Changes> = named(
  "Changes",
  object({
    command: optional(text({ least: 1 })),
    directory: optional(text({ least: 1, most: 4_096 })),
    label: optional(nullable(text())),
    priority: optional(priority),
  }),
);

export const editable: Schema = named(
  "Editable",
  object({ id, command: text(), directory: text(), label: nullable(text()), priority }),
);

const textCondition = object({
  field: oneOf("command", "label"),
  operator: oneOf("is", "is-not", "contains"),
  value: text(),
});

const timeCondition = object({
  field: oneOf("enqueueAt", "start", "end"),
  operator: oneOf("before", "after", "within", "not-within"),
  from: count,
  to: count,
});

/** Its field decides which of the two it is. */
export const condition: Schema<CommandCondition> = named("Condition", {
  json: { oneOf: [textCondition.json, timeCondition.json] },
  read(value, where) {
    const field = (value as { readonly field?: unknown } | null)?.field;
    if (field === "command" || field === "label") return textCondition.read(value, where);
    if (typeof field === "string") return timeCondition.read(value, where);
    throw new Problem(400, `${where} must have a "field", an "operator" and what to compare with`);
  },
});
