// Commands that have ended run again, under their id or as new ones.
//
// Under its id a command keeps what it comes after: it waits for those of them that have not ended,
// or did not finish; one that is restarted by the same call counts as one that has not ended,
// whichever of the two is named first. And whoever comes after it and has not begun waits again.

import type { JobState } from "../../job.ts";
import { refuseRetry } from "../../rules/answers.ts";
import { answerRestart } from "../../rules/commands/answers.ts";
import { checkChanges } from "../../rules/commands/changes.ts";
import type { PreparedCommand } from "../../rules/commands/new-command.ts";
import type { PreparedJob } from "../../rules/new-job.ts";
import type { CommandAction } from "../../store/command.ts";
import type { CommandChanges, Commands } from "../../store/commands.ts";
import type { Driver } from "../driver.ts";
import { change } from "../flow/change.ts";
import { askTakeBack, takeBack } from "../flow/links/unique.ts";
import { regateOne } from "../flow/regate.ts";
import { notBegun, Room } from "../flow/slots/room.ts";
import { enqueueAll } from "../jobs/enqueue.ts";
import { each } from "./each.ts";
import { applyChanges } from "./edit.ts";
import { forgetRuns } from "./run.ts";

type Options = Parameters<Commands["restart"]>[1];

export async function restart(
  driver: Driver,
  ids: readonly number[],
  { held, changes }: Options,
): Promise<readonly CommandAction[]> {
  const checked = checkChanges(changes);
  return change(driver, () => {
    const answers = each(driver, ids, {
      answer: answerRestart,
      act: (id) => comeBack(new Room(driver), id, { held, driver, changes: checked.get(id) }),
    });
    const back = answers.flatMap(({ id, outcome }) => (outcome === "done" ? [id] : []));
    for (const id of back) waitAgain(driver, id);
    return answers;
  });
}

const comesAfter = "SELECT 1 FROM command_after WHERE job_id = ? LIMIT 1";
const again = `UPDATE jobs SET state = :state, run_at = :now, started_at = NULL, finished_at = NULL,
    error = NULL, result = NULL, cursor = NULL, progress_done = 0, progress_total = NULL,
    attempts = 0, interruptions = 0, crashes = 0, crashes_since_checkpoint = 0
  WHERE id = :id`;

interface Comeback {
  readonly driver: Driver;
  readonly held: boolean;
  readonly changes: CommandChanges | undefined;
}

function comeBack(
  room: Room,
  id: number,
  { driver, held, changes }: Comeback,
): CommandAction | undefined {
  const bound = driver.value(comesAfter, id) !== undefined;
  const state: JobState = held ? "held" : bound ? "waiting" : "ready";
  const taken = askTakeBack(room, id, state);
  if (taken) return { ...refuseRetry(id, taken), outcome: "refused" };
  regateOne(driver, id);
  takeBack(room, id, state);
  forgetRuns(driver, JSON.stringify([id]));
  driver.sql(again).run({ id, state, now: room.now });
  if (changes) applyChanges(driver, id, changes);
  return undefined;
}

const bind = `INSERT INTO dependencies (job_id, on_id, if_fails)
  SELECT job_id, on_id, if_fails FROM command_after CROSS JOIN jobs ON jobs.id = on_id
  WHERE job_id = ? AND (finished_at IS NULL OR (state <> 'finished' AND if_fails = 'fail'))
  ON CONFLICT DO NOTHING`;
const link = `UPDATE jobs SET linked = 1 WHERE linked = 0
  AND id IN (SELECT on_id FROM command_after WHERE job_id = ?)`;
/** Of those that have not begun. */
const followers = `SELECT jobs.id, state
  FROM command_after CROSS JOIN jobs ON jobs.id = command_after.job_id
  WHERE on_id = ? AND ${notBegun} AND (state = 'held' OR state = 'waiting'
    OR state = 'scheduled' OR state = 'blocked' OR state = 'ready') ORDER BY jobs.id`;
const bindTo = `INSERT INTO dependencies (job_id, on_id, if_fails)
  SELECT job_id, on_id, if_fails FROM command_after WHERE job_id = ? AND on_id = ?
  ON CONFLICT DO NOTHING`;
const hold = "UPDATE jobs SET state = 'held' WHERE id = ?";
const wait = "UPDATE jobs SET state = 'waiting' WHERE id = ?";

function waitAgain(driver: Driver, on: number): void {
  driver.sql(bind).run(on);
  driver.sql(link).run(on);
  for (const { id, state } of driver.sql(followers).all(on) as { id: number; state: JobState }[]) {
    driver.sql(bindTo).run(id, on);
    if (state === "held" || state === "waiting") continue;
    // No way leads back from there to waiting, but through a person's hands.
    driver.sql(hold).run(id);
    driver.sql(wait).run(id);
  }
}

export async function runAgain(
  driver: Driver,
  ids: readonly number[],
  { held, changes }: Options,
): ReturnType<Commands["again"]> {
  const checked = checkChanges(changes);
  return change(
    driver,
    () => {
      const copies: (number | null)[] = [];
      const answers = each(driver, ids, {
        answer: (id, standing) => {
          const answer = answerRestart(id, standing);
          if (answer) copies.push(null);
          return answer;
        },
        act: (id) => {
          const copy = copyOf(driver, id, { held, ...checked.get(id) });
          copies.push(enqueueAll(driver, [copy])[0]!.id);
          return undefined;
        },
      });
      return answers.map((answer, n) => ({ ...answer, newId: copies[n]! }));
    },
    "full",
  );
}

const original = `SELECT queue, priority, label, line, argv, directory, separate, commands.slots,
    retry_limit AS retryLimit, timeout_ms AS timeoutMs, hash, variables AS json
  FROM commands CROSS JOIN jobs ON jobs.id = job_id
  CROSS JOIN environments ON environments.id = environment_id WHERE job_id = ?`;

type Original = Pick<PreparedJob, "queue" | "priority" | "label"> &
  Omit<PreparedCommand, "environment" | "separate"> &
  PreparedCommand["environment"] & { readonly separate: number };

function copyOf(
  driver: Driver,
  id: number,
  { held, ...changes }: CommandChanges & { readonly held: boolean },
): PreparedJob {
  const row = driver.sql(original).get(id) as unknown as Original;
  const { queue, priority, label, separate, hash, json, ...command } = { ...row };
  const { line, directory, ...ofJob } = changes;
  return {
    ...{ name: "command", kind: "command", queue, args: null, priority, at: null, inMs: 0, held },
    ...{ label, gates: [], uniques: [], keyed: false, after: [], batchId: null },
    ifDependencyFails: "fail",
    ...ofJob,
    command: {
      ...command,
      environment: { hash, json },
      separate: separate === 1,
      ...(directory !== undefined && { directory }),
      ...(line !== undefined && { line, argv: null }),
    },
  };
}
