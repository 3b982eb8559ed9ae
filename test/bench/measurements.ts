// All measurements, in the order in which they run: those with peers first.

import { on, type Part } from "./harness/measurement.ts";
import { cancel } from "./measurements/cancel.ts";
import { commands, commandsOnBoth } from "./measurements/commands.ts";
import { flow } from "./measurements/flow.ts";
import { idle } from "./measurements/idle.ts";
import { kill } from "./measurements/kill.ts";
import { memory } from "./measurements/memory.ts";
import { onPostgres } from "./measurements/postgres.ts";
import { onSqlite } from "./measurements/sqlite.ts";
import { start } from "./measurements/start.ts";
import { term } from "./measurements/term.ts";

/** What a runtime does with processes and signals, whatever its store. */
const lives = [kill, term, cancel, idle, memory, start];

export const measurements: readonly Part[] = [
  ...on("postgres", [...onPostgres, ...flow]),
  // the same code as on SQLite: half as many samples will do
  ...on("postgres", [...lives, ...commandsOnBoth], 0.5),
  ...on("sqlite", [...onSqlite, ...flow, ...lives, ...commands]),
];

/**
 * By what was written on the command line: a whole name (`postgres/drain`) or a part of it
 * (`postgres`, `drain`, `flow`, `flow/chain`). Throws a sentence about words that name nothing.
 */
export function chosen(words: readonly string[]): readonly Part[] {
  const goesBy = ({ name, store }: Part): string[] => [
    name,
    name.slice(store.length + 1),
    ...name.split("/"),
  ];
  const unknown = words.filter((word) => !measurements.some((each) => goesBy(each).includes(word)));
  if (unknown.length > 0) {
    const names = measurements.map(({ name }) => name).join(", ");
    throw new RangeError(`no measurement is called ${unknown.join(", ")}; there are ${names}`);
  }
  if (words.length === 0) return measurements;
  return measurements.filter((each) => goesBy(each).some((name) => words.includes(name)));
}
