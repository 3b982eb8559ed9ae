// Shapes that several routes ask for or answer.

import { jobStates } from "@queue-runtime/store";
import {
  flag,
  integer,
  listOf,
  named,
  nullable,
  object,
  oneOf,
  optional,
  type Schema,
  text,
} from "./schema.ts";

export const id: Schema<number> = integer(1, Number.MAX_SAFE_INTEGER);
/** More do not fit into a body. */
export const ids: Schema<readonly number[]> = listOf(id, 100_000);
/** Of a queue, a group, a job or a task. */
export const name: Schema<string> = text({ least: 1, most: 200 });
export const state: Schema<(typeof jobStates)[number]> = oneOf(...jobStates);
export const priority: Schema<number> = integer(-2_147_483_647, 2_147_483_647);
/** Ten years: longer ones are nearly always a mistake in the unit. */
export const delayMs: Schema<number> = integer(0, 3_650 * 86_400_000);

/** Lists are bounded: the next page begins `beyond` the last id. */
export const limit: Schema<number> = integer(1, 1_000);

/** ISO 8601 in UTC with milliseconds. */
export const time: Schema<string> = {
  json: { type: "string", format: "date-time" },
  read: (value, where) => text({ least: 1, most: 40 }).read(value, where),
};

export const count: Schema<number> = integer(0, Number.MAX_SAFE_INTEGER);
export const bytes: Schema<number | null> = nullable(count);

/** What became of one id. */
export const action: Schema = named(
  "Action",
  object({ id, outcome: text(), error: optional(text()) }),
);
export const actions: Schema = listOf(action, 100_000);

export const enqueued: Schema = named(
  "Enqueued",
  object({ id, outcome: oneOf("created", "exists", "replaced", "discarded") }),
);

export const queueOutcome: Schema = object({ name, outcome: text() });
export const paused: Schema = object({ name, paused: flag });
