// What may be defined as a recurring task, and what a definition changes. Every store asks here
// first. What a schedule means is checked a layer above, by those who compute its ticks.

import { StoreError } from "../errors.ts";
import type { NewTask, RecurringTask, Tick } from "../store/recurring.ts";
import { invalid, list, object, oneOf, prefixed, text } from "./fields.ts";
import { type PreparedJob, prepareJob } from "./new-job.ts";

const longest = {
  source: 1_000,
  key: 200,
  schedule: 200,
  timeZone: 100,
  description: 10_000,
} as const;
/** Tasks of one definition. */
const most = 10_000;

const refused = "the recurring task is refused";
const refusedBy = (key: string): string => refused.replace("task", `task ${JSON.stringify(key)}`);

/**
 * A task as it is stored: nothing in it but what a task has.
 * @throws StoreError `invalid`, with the task and the field in its message
 */
export function prepareTask(task: NewTask): NewTask {
  const key = prefixed(refused, () => text("key", object("a task", task).key, longest.key));
  const { schedule, timeZone, description, catchUp } = task;
  return prefixed(refusedBy(key), () => ({
    key,
    schedule: text("schedule", schedule, longest.schedule),
    timeZone: timeZone == null ? null : text("time zone", timeZone, longest.timeZone),
    job: checkJob(key, task.job),
    description: description == null ? null : text("description", description, longest.description),
    catchUp: oneOf("catch_up", catchUp, ["none", "one", "all"]),
  }));
}

function checkJob(key: string, job: NewTask["job"]): NewTask["job"] {
  object("its job", job);
  const known = jobOf(job);
  prefixed(`${refusedBy(key)}: its job`, () => prepareJob(known));
  return known;
}

/**
 * All tasks of a source, in the order of their keys.
 * @throws StoreError `invalid`
 */
export function prepareTasks(tasks: readonly NewTask[]): readonly NewTask[] {
  prefixed("the recurring tasks are refused", () => list("the list of them", tasks, most));
  const prepared = tasks.map(prepareTask).sort((a, b) => (a.key < b.key ? -1 : 1));
  const twice = prepared.find(({ key }, n) => prepared[n + 1]?.key === key);
  if (!twice) return prepared;
  return prefixed(refusedBy(twice.key), () => {
    throw invalid("another one has the same key");
  });
}

/** @throws StoreError `invalid` */
export function checkSource(source: unknown): string {
  return prefixed(refused, () => text("its source", source, longest.source));
}

/** @throws StoreError `invalid` */
export function checkTick({ key, version, at }: Tick): void {
  if (Number.isSafeInteger(at) && at >= 0 && Number.isSafeInteger(version)) return;
  const what = "its version and its time must be whole numbers";
  throw new StoreError("invalid", `a tick of the recurring task "${key}" is refused: ${what}`);
}

/**
 * Each may only change its own.
 * @throws StoreError `invalid`
 */
export function checkOwner({ key, source: owner }: RecurringTask, source: string): void {
  if (owner === source) return;
  const what = `it belongs to ${JSON.stringify(owner)}, and only that may change it`;
  throw new StoreError("invalid", `${refusedBy(key)}: ${what}`);
}

/** A definition to be written; `since` is when its schedule came into force. */
export interface Change {
  readonly task: NewTask;
  readonly source: string;
  readonly since: number;
  /** What it has been until now, or null. */
  readonly before: RecurringTask | null;
}

export interface Changes {
  readonly written: readonly Change[];
  /** Keys of tasks that are no longer there. */
  readonly removed: readonly string[];
}

/**
 * What is to be written so that a source has these tasks. `stored` are those of the source and
 * those with the keys of the wanted ones.
 * @throws StoreError `invalid` when one of these belongs to another source
 */
export function changesOf(
  { source, wanted }: { readonly source: string; readonly wanted: readonly NewTask[] },
  stored: readonly RecurringTask[],
  now: number,
): Changes {
  const known = new Map(stored.map((task) => [task.key, task]));
  const written = wanted.flatMap((task): Change[] => {
    const before = known.get(task.key);
    if (!before) return [{ task, source, since: now, before: null }];
    checkOwner(before, source);
    if (definitionOf(before) === definitionOf(task)) return [];
    const same = before.schedule === task.schedule && before.timeZone === task.timeZone;
    return [{ task, source, since: same ? before.since : now, before }];
  });
  const kept = new Set(wanted.map(({ key }) => key));
  const gone = stored.filter((task) => task.source === source && !kept.has(task.key));
  return { written, removed: gone.map(({ key }) => key) };
}

/**
 * The job of a tick. Nobody is there to be told of a conflict: it is discarded.
 * @throws StoreError `invalid`
 */
export function jobOfTick({ job }: Pick<RecurringTask, "job">): PreparedJob {
  const prepared = prepareJob(job);
  const gates = prepared.gates.map((gate) =>
    gate.onConflict === "fail" ? { ...gate, onConflict: "discard" as const } : gate,
  );
  return { ...prepared, gates };
}

/** Rows of the ledger are kept for so long after they were written, in milliseconds. */
export const ledgerMs: number = 7 * 24 * 60 * 60 * 1_000;

/** Two tasks are defined alike when this is the same. */
function definitionOf({ schedule, timeZone, job, description, catchUp }: NewTask): string {
  return JSON.stringify([schedule, timeZone, jobOf(job), description, catchUp]);
}

/** Nothing but what a task may say about its job, in one order. */
function jobOf({ name, args, queue, priority, gates, uniques }: NewTask["job"]): NewTask["job"] {
  const picked = { name, args, queue, priority, gates, uniques };
  const said = Object.entries(picked).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as unknown as NewTask["job"];
}
