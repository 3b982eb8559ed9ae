// Enqueueing jobs that are tied to others: one function of the server decides about all of them,
// and what they become follows in the same transaction.

import type { Enqueued } from "../../job.ts";
import type { PreparedJob } from "../../rules/new-job.ts";
import {
  environmentsText,
  hasCommands,
  keepEnvironments,
  withCommand,
} from "../commands/new-commands.ts";
import type { Driver, Run, Statement } from "../driver.ts";
import type { Announcer } from "../watch/announce.ts";
import {
  type Reconciled,
  reconcile,
  reconcileIn,
  willReconcile,
  writeAndReconcile,
} from "./reconcile.ts";

export function isLinked({ gates, uniques, keyed, after, batchId }: PreparedJob): boolean {
  return keyed || gates.length + uniques.length + after.length > 0 || batchId !== null;
}

/** The jobs without their args. */
export function jobsText(jobs: readonly PreparedJob[]): string {
  return JSON.stringify(jobs.map(({ args: _, command, ...job }) => withCommand(job, command)));
}

/** As they were written: nothing is parsed again. */
export function argsText(jobs: readonly PreparedJob[]): string {
  return `[${jobs.map(({ args }) => args ?? "null").join()}]`;
}

const enqueueBy = (name: string): string =>
  `SELECT id, state, outcome FROM queue_runtime.${name}($1::json, $2::json)`;

const modules = enqueueBy("enqueue_linked");

/**
 * Within a statement all take unique keys in one order, and slots of all keys at once. Of those who
 * need several statements, two would keep each other out.
 */
const takeTurns: Statement = [
  "SELECT pg_advisory_xact_lock(hashtextextended('queue_runtime unique keys', 4))",
];
const commands = `SELECT id, state, outcome
  FROM queue_runtime.enqueue_commands($1::json, $2::json, $3::json, $4::boolean, true)`;

/** At most as many as one statement may have. */
export function enqueueCommands(jobs: readonly PreparedJob[]): Statement {
  const values = [jobsText(jobs), argsText(jobs), environmentsText(jobs), jobs.some(isLinked)];
  return [commands, values];
}

const lockKeys = "SELECT queue_runtime.lock_jobs($1::json)";

/** So many jobs are enqueued by one statement. */
export const largest = 5_000;

type LinkedRow = readonly [id: number, state: string | null, outcome: Enqueued["outcome"]];

export interface LinkedAnswer {
  readonly enqueued: readonly Enqueued[];
  /** Before it was looked for slots. */
  readonly scheduled: boolean;
}

/** Commands need rights of the caller's own. */
function enqueueOf(jobs: readonly PreparedJob[]): Statement {
  if (hasCommands(jobs)) return enqueueCommands(jobs);
  return [modules, [jobsText(jobs), argsText(jobs)]];
}

/** All or none. @throws StoreError `conflict`, `invalid` */
export async function enqueueLinked(
  driver: Driver,
  announcer: Announcer,
  jobs: readonly PreparedJob[],
): Promise<LinkedAnswer> {
  const parts = ascending(jobs).map(enqueueOf);
  const statements = [
    ...(parts.length > 1 ? foresee(jobs) : []),
    ...parts.flatMap((part, n) => (n === 0 ? [part] : [reconcile, willReconcile, part])),
  ];
  const long = jobs.length > 1;
  const changes = { statements, long, apart: jobs.length > largest };
  const answers = await writeAndReconcile(driver, announcer, changes);
  const rows = parts.flatMap((part) => answers[statements.indexOf(part)]!.rows);
  return toLinkedAnswer(rows as readonly LinkedRow[], announcer);
}

function foresee(jobs: readonly PreparedJob[]): readonly Statement[] {
  const unique = jobs.some(({ uniques }) => uniques.length > 0);
  const choosy = jobs.filter(({ gates }) => gates.some(({ onConflict }) => onConflict !== "block"));
  return [
    ...(hasCommands(jobs) ? [keepEnvironments(jobs)] : []),
    ...(unique ? [takeTurns] : []),
    ...(choosy.length > 0 ? [[lockKeys, [jobsText(jobs)]] as const] : []),
  ];
}

/**
 * Parts in which no job is more urgent than one before it: of jobs that are enqueued together, the
 * first takes a free slot first, and among those that wait the most urgent. Each is small enough to
 * be answered in time.
 */
function ascending(jobs: readonly PreparedJob[]): readonly (readonly PreparedJob[])[] {
  const parts: PreparedJob[][] = [];
  let last = Number.POSITIVE_INFINITY;
  for (const job of jobs) {
    if (job.priority < last || parts.at(-1)!.length === largest) parts.push([]);
    parts.at(-1)!.push(job);
    last = job.priority;
  }
  return parts;
}

function toLinkedAnswer(rows: readonly LinkedRow[], announcer: Announcer): LinkedAnswer {
  // of a batch, or with a key that nobody had: they were ready without waiting for anything
  if (rows.some(([, state]) => state === "ready")) announcer.announce("ready");
  return {
    enqueued: rows.map(([id, , outcome]): Enqueued => ({ id, outcome })),
    scheduled: rows.some(([, state]) => state === "scheduled"),
  };
}

export interface InsertedIn extends Reconciled {
  readonly enqueued: readonly Enqueued[];
}

/** Jobs of any kind, inside a transaction of the store; the caller announces when it is over. */
export async function insertIn(run: Run, jobs: readonly PreparedJob[]): Promise<InsertedIn> {
  let enqueued: readonly Enqueued[] = [];
  const reconciled = await reconcileIn(run, async () => {
    const [text, values] = enqueueOf(jobs);
    const { rows } = await run(text, values);
    enqueued = (rows as LinkedRow[]).map(([id, , outcome]) => ({ id, outcome }));
  });
  return { ...reconciled, enqueued };
}
