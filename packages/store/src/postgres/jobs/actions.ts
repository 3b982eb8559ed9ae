// What people do to jobs: retry, cancel, discard. One statement for any number of ids, which
// answers the state that each job was in; and of a retry, who has a unique key that it would take.
//
// A job is always in one of two tables, and a statement sees both as of one moment. But while it
// waits for a row that somebody else is just moving to the other table, it finds the row gone
// here and sees no newer one there. So ids that were not found are asked for once more.

import type { JobState } from "../../job.ts";
import {
  type Answer,
  answerAll,
  answerCancel,
  answerDiscard,
  answerRetry,
  refuseRetry,
  type TakenKey,
} from "../../rules/answers.ts";
import type { Actions } from "../../store.ts";
import type { Driver, Statement } from "../driver.ts";
import { writeAndReconcile } from "../flow/reconcile.ts";
import { anyGate, links } from "../migrations/2-flow/links.ts";
import { sharedColumns } from "../rows.ts";
import type { Announcer } from "../watch/announce.ts";

/** Jobs whose queue has settings by now get its gates. */
const regate = "SELECT queue_runtime.regate_among($1::bigint[])";

const columns = sharedColumns.filter((column) => column !== "state");
const list = (names: readonly string[], from = ""): string =>
  names.map((name) => from + name).join(", ");

const live = `live AS MATERIALIZED (
  SELECT id, state FROM queue_runtime.jobs WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE
)`;
const ended = `ended AS MATERIALIZED (
  SELECT id, state, linked FROM queue_runtime.ended_jobs WHERE id = ANY ($1::bigint[])
  ORDER BY id FOR UPDATE
)`;

/** What a retry begins anew; the rest of the job it keeps. */
const anew: Readonly<Record<string, string>> = {
  run_at: "queue_runtime.now_ms()",
  attempts: "0",
  interruptions: "0",
  crashes: "0",
  crashes_since_checkpoint: "0",
  error: "NULL::json",
  cursor: "CASE WHEN $2::boolean THEN NULL ELSE gone.cursor END",
  progress_done: "CASE WHEN $2::boolean THEN 0 ELSE gone.progress_done END",
  progress_total: "CASE WHEN $2::boolean THEN NULL ELSE gone.progress_total END",
};

const retryAll = `WITH ${ended}, stays AS MATERIALIZED (
  SELECT job AS id, taken, holder FROM queue_runtime.retake_uniques(array(
    SELECT id FROM ended WHERE state IN ('failed', 'cancelled') AND linked & ${links.unique} <> 0
    ORDER BY id))
), gone AS (
  DELETE FROM queue_runtime.ended_jobs AS job USING ended
  WHERE job.id = ended.id AND ended.state IN ('failed', 'cancelled')
    AND NOT EXISTS (SELECT FROM stays WHERE stays.id = ended.id)
  RETURNING ${list(columns, "job.")}
), again AS (
  INSERT INTO queue_runtime.jobs (${list(columns)}, state, returned)
  SELECT ${columns.map((column) => anew[column] ?? `gone.${column}`).join(", ")},
    CASE WHEN gone.linked & ${anyGate} <> 0 THEN 'blocked' ELSE 'ready' END, true
  FROM gone
)
SELECT id, state, taken, holder FROM ended LEFT JOIN stays USING (id)
UNION ALL SELECT id, state, NULL, NULL FROM queue_runtime.jobs WHERE id = ANY ($1::bigint[])`;

const cancelAll = `WITH ${live}, asked AS (
  UPDATE queue_runtime.jobs AS job
  SET cancel_requested_at = coalesce(job.cancel_requested_at, queue_runtime.now_ms())
  FROM live WHERE job.id = live.id AND live.state = 'running'
), gone AS (
  DELETE FROM queue_runtime.jobs AS job USING live
  WHERE job.id = live.id AND live.state <> 'running'
  RETURNING ${list(columns, "job.")}, live.state
), cancelled AS (
  INSERT INTO queue_runtime.ended_jobs (${list(columns)}, ended_from, state, finished_at)
  SELECT gone.*, 'cancelled', queue_runtime.now_ms() FROM gone
)
SELECT id, state FROM live
UNION ALL SELECT id, state FROM queue_runtime.ended_jobs WHERE id = ANY ($1::bigint[])`;

const discardAll = `WITH ${live}, ${ended}, gone AS (
  DELETE FROM queue_runtime.jobs AS job USING live
  WHERE job.id = live.id AND live.state <> 'running'
), gone_too AS (
  DELETE FROM queue_runtime.ended_jobs AS job USING ended WHERE job.id = ended.id
), forgotten AS (
  DELETE FROM queue_runtime.job_errors AS error
  USING (SELECT id FROM ended UNION ALL SELECT id FROM live WHERE state <> 'running') AS gone
  WHERE error.job_id = gone.id
)
SELECT id, state, (SELECT environment_id FROM queue_runtime.commands WHERE job_id = known.id)
FROM (SELECT id, state FROM live UNION ALL SELECT id, state FROM ended) AS known`;

const forgetEnvironments = "SELECT queue_runtime.forget_environments($1::bigint[])";

export async function retry(
  driver: Driver,
  announcer: Announcer,
  ...[ids, options]: [ids: readonly number[], options: { readonly fromStart: boolean }]
): Promise<Actions> {
  const taken = new Map<number, TakenKey>();
  const answer: Answer = (id, state) => {
    const key = taken.get(id);
    return key ? refuseRetry(id, key) : answerRetry(id, state);
  };
  const note = (row: unknown): void => {
    const [id, , key, by] = row as Retried;
    if (key !== null) taken.set(id, { key, by });
  };
  const values = [options.fromStart];
  const how = { ids, answer, note, text: retryAll, values, followedBy: regate };
  const answers = await act(driver, announcer, how);
  if (answers.some(({ outcome }) => outcome === "retried")) announcer.announce("ready");
  return answers;
}

export async function cancel(
  driver: Driver,
  announcer: Announcer,
  ids: readonly number[],
): Promise<Actions> {
  const answers = await act(driver, announcer, { ids, answer: answerCancel, text: cancelAll });
  if (answers.some(({ outcome }) => outcome === "requested")) announcer.announce("cancel");
  // what came after one that is over now may have failed for it, and somebody has to tell of that
  if (answers.some(({ outcome }) => outcome === "cancelled")) announcer.announce("ready");
  return answers;
}

export async function discard(
  driver: Driver,
  announcer: Announcer,
  ids: readonly number[],
): Promise<Actions> {
  const environments = new Set<number>();
  const note = (row: unknown): void => {
    const environment = (row as readonly unknown[])[2] as number | null;
    if (environment !== null) environments.add(environment);
  };
  const how = { ids, answer: answerDiscard, text: discardAll, note };
  const answers = await act(driver, announcer, how);
  if (answers.some(({ outcome }) => outcome === "discarded")) announcer.announce("ready");
  if (environments.size > 0) await driver.write([[forgetEnvironments, [[...environments]]]]);
  return answers;
}

type Found = readonly [id: number, state: JobState];
type Retried = readonly [...Found, taken: string | null, holder: number];

interface How {
  readonly ids: readonly number[];
  readonly answer: Answer;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Follows, and takes the ids. */
  readonly followedBy?: string;
  /** Sees each row that is answered. */
  readonly note?: (row: unknown) => void;
}

const existing = "SELECT id FROM queue_runtime.all_jobs WHERE id = ANY ($1::bigint[])";

async function act(
  driver: Driver,
  announcer: Announcer,
  { ids, answer, text, values = [], followedBy, note }: How,
): Promise<Actions> {
  const states = new Map<number, JobState>();
  let wanted = [...new Set(ids.filter(Number.isSafeInteger))];
  while (wanted.length > 0) {
    const long = wanted.length > 1_000;
    const statements: Statement[] = [[text, [wanted, ...values]]];
    if (followedBy) statements.push([followedBy, [wanted]]);
    const [found] = await writeAndReconcile(driver, announcer, { statements, long });
    for (const row of found!.rows as Found[]) {
      states.set(row[0], row[1]);
      note?.(row);
    }
    const missing = wanted.filter((id) => !states.has(id));
    const { rows } = missing.length > 0 ? await driver.query(existing, [missing]) : { rows: [] };
    wanted = (rows as [number][]).map(([id]) => id);
  }
  return answerAll(ids, states, answer);
}
