// Commands that have ended run again, under their id or as new ones.
//
// Under its id a command keeps what it comes after: it waits for those of them that have not ended,
// or did not finish; one that is restarted by the same call counts as one that has not ended,
// whichever of the two is named first. And whoever comes after it and has not begun waits again.

import { refuseRetry } from "../../rules/answers.ts";
import { answerRestart } from "../../rules/commands/answers.ts";
import { checkChanges } from "../../rules/commands/changes.ts";
import type { CommandAction } from "../../store/command.ts";
import type { CommandChanges, Commands } from "../../store/commands.ts";
import type { Run } from "../driver.ts";
import { anyGate, links, notBegun } from "../migrations/2-flow/links.ts";
import { noRun } from "../migrations/3-commands/triggers.ts";
import { sharedColumns } from "../rows.ts";
import { type Acting, each, type Known } from "./each.ts";
import { applyChanges } from "./edit.ts";
import { heard, idsOf } from "./let-go.ts";

const retake = `SELECT job, taken, holder FROM queue_runtime.retake_uniques($1::bigint[])`;

const columns = sharedColumns.filter((column) => column !== "state");
/** What it begins anew; the rest of the job it keeps. */
const anew: Readonly<Record<string, string>> = {
  run_at: "queue_runtime.now_ms()",
  started_at: "NULL::bigint",
  progress_done: "0",
  progress_total: "NULL::double precision",
  attempts: "0",
  interruptions: "0",
  crashes: "0",
  crashes_since_checkpoint: "0",
  cursor: "NULL::json",
  error: "NULL::json",
};

const comeBack = `WITH gone AS (
  DELETE FROM queue_runtime.ended_jobs AS job WHERE id = ANY ($1::bigint[])
  RETURNING ${columns.map((column) => `job.${column}`).join(", ")}
)
INSERT INTO queue_runtime.jobs (${columns.join(", ")}, state, returned)
SELECT ${columns.map((column) => anew[column] ?? `gone.${column}`).join(", ")},
  CASE WHEN $2::boolean THEN 'held'
    WHEN EXISTS (SELECT FROM queue_runtime.command_after AS own WHERE own.job_id = gone.id)
      THEN 'waiting'
    WHEN gone.linked & ${anyGate} <> 0 THEN 'blocked' ELSE 'ready' END, true
FROM gone`;

const forgetRuns = `UPDATE queue_runtime.commands SET ${noRun} WHERE job_id = ANY ($1::bigint[])`;

/** One that is to be repeated has done with those it came after. */
const hasNotBegun = `job.state <> 'running' AND ${notBegun}`;

/** For what they come after, and for those who come after them. */
const bind = `INSERT INTO queue_runtime.dependencies (job_id, on_id, if_fails)
SELECT own.job_id, on_id, if_fails FROM queue_runtime.command_after AS own
WHERE own.job_id = ANY ($1::bigint[])
  AND (EXISTS (SELECT FROM queue_runtime.jobs WHERE id = on_id)
    OR if_fails = 'fail' AND EXISTS (SELECT FROM queue_runtime.ended_jobs
      WHERE id = on_id AND state <> 'finished'))
UNION
SELECT own.job_id, on_id, if_fails FROM queue_runtime.command_after AS own
  JOIN queue_runtime.jobs AS job ON job.id = own.job_id AND ${hasNotBegun}
WHERE on_id = ANY ($1::bigint[])
ON CONFLICT DO NOTHING`;

const followers = `SELECT DISTINCT job.id, job.state IN ('scheduled', 'blocked', 'ready')
FROM queue_runtime.command_after AS own JOIN queue_runtime.jobs AS job
  ON job.id = own.job_id AND ${hasNotBegun} AND job.state <> 'held'
WHERE on_id = ANY ($1::bigint[]) ORDER BY 1`;

/** No way leads back from there to waiting, but through a person's hands. */
const hold = "UPDATE queue_runtime.jobs SET state = 'held' WHERE id = ANY ($1::bigint[])";
const wait = "UPDATE queue_runtime.jobs SET state = 'waiting' WHERE id = ANY ($1::bigint[])";
/** Those that wait now; the statement before has not told anybody. */
const tell = `SELECT queue_runtime.touch_all(array(SELECT id FROM queue_runtime.jobs
  WHERE id = ANY ($1::bigint[]) AND state = 'waiting' ORDER BY id))`;
const regate = "SELECT queue_runtime.regate_among($1::bigint[])";

export async function restart(
  acting: Acting,
  ids: readonly number[],
  { held, changes }: Parameters<Commands["restart"]>[1],
): Promise<readonly CommandAction[]> {
  const checked = checkChanges(changes);
  const act = (run: Run, known: readonly Known[]): Promise<readonly CommandAction[]> =>
    runAgain(run, known, { held, changes: checked });
  const deed = { answer: answerRestart, act, locks: "followers" } as const;
  return heard(acting, await each(acting, ids, deed));
}

interface How {
  readonly held: boolean;
  readonly changes: ReadonlyMap<number, CommandChanges>;
}

async function runAgain(
  run: Run,
  known: readonly Known[],
  { held, changes }: How,
): Promise<readonly CommandAction[]> {
  const unique = known.filter(({ linked }) => (linked & links.unique) !== 0);
  const taken = unique.length === 0 ? [] : (await run(retake, [ascending(unique)])).rows;
  const refused = (taken as [number, string, number][]).map(
    ([id, key, by]): CommandAction => ({ ...refuseRetry(id, { key, by }), outcome: "refused" }),
  );
  const stays = new Set(refused.map(({ id }) => id));
  const back = ascending(known.filter(({ id }) => !stays.has(id)));
  if (back.length === 0) return refused;
  await run(comeBack, [back, held]);
  await run(forgetRuns, [back]);
  await applyChanges(run, back, changes);
  await waitAgain(run, back);
  await run(regate, [back]);
  return refused;
}

async function waitAgain(run: Run, back: readonly number[]): Promise<void> {
  await run(bind, [back]);
  const rows = (await run(followers, [back])).rows as [number, boolean][];
  const stuck = rows.filter(([, isStuck]) => isStuck).map(([id]) => id);
  if (stuck.length > 0) {
    await run(hold, [stuck]);
    await run(wait, [stuck]);
  }
  await run(tell, [[...back, ...rows.map(([id]) => id)]]);
}

function ascending(known: readonly Known[]): readonly number[] {
  return idsOf(known).toSorted((a, b) => a - b);
}
