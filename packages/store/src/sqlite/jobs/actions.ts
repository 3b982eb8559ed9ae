// What people do to jobs: retry, cancel, discard. Each id is looked at by itself, one after the
// other, so an id asked for twice is answered as the first left it.

import type { JobState } from "../../job.ts";
import {
  type Answer,
  answerCancel,
  answerDiscard,
  answerRetry,
  refuseRetry,
} from "../../rules/answers.ts";
import type { Action, Actions } from "../../store.ts";
import type { Driver } from "../driver.ts";
import { askTakeBack, takeBack } from "../flow/links/unique.ts";
import { regateOne } from "../flow/regate.ts";
import { Room } from "../flow/slots/room.ts";

const stateOf = "SELECT state FROM jobs WHERE id = ?";

function each(
  driver: Driver,
  ids: readonly number[],
  { answer, act }: { readonly answer: Answer; readonly act: (action: Action) => void },
): Actions {
  return ids.map((id) => {
    const state = Number.isSafeInteger(id) ? driver.value(stateOf, id) : undefined;
    const action = answer(id, state as JobState | undefined);
    act(action);
    return action;
  });
}

const again = `UPDATE jobs SET state = 'ready', run_at = :now, finished_at = NULL, error = NULL,
  result = NULL, attempts = 0, interruptions = 0, crashes = 0, crashes_since_checkpoint = 0
  WHERE id = :id`;

const forget =
  "UPDATE jobs SET cursor = NULL, progress_done = 0, progress_total = NULL WHERE id = ?";

export function retry(
  driver: Driver,
  ids: readonly number[],
  options: { readonly fromStart: boolean },
): Actions {
  const room = new Room(driver);
  const answer: Answer = (id, state) => {
    const action = answerRetry(id, state);
    const taken = action.outcome === "retried" ? askTakeBack(room, id, "ready") : null;
    return taken ? refuseRetry(id, taken) : action;
  };
  const act = ({ id, outcome }: Action): void => {
    if (outcome !== "retried") return;
    regateOne(driver, id);
    takeBack(room, id, "ready");
    driver.sql(again).run({ now: room.now, id });
    if (options.fromStart) driver.sql(forget).run(id);
  };
  // Of two with the same unique key the older one has it.
  const order = [...ids.keys()].sort((a, b) => (ids[a] || 0) - (ids[b] || 0));
  const answers: Action[] = [];
  each(
    driver,
    order.map((n) => ids[n]!),
    { answer, act },
  ).forEach((action, n) => {
    answers[order[n]!] = action;
  });
  return answers;
}

const end = "UPDATE jobs SET state = 'cancelled', finished_at = :now WHERE id = :id";

/** It never began; other jobs have no such row. */
const endCommand = "UPDATE commands SET ended_by = 'person' WHERE job_id = ?";

const request = `UPDATE jobs SET cancel_requested_at = :now
  WHERE id = :id AND cancel_requested_at IS NULL`;

export function cancel(driver: Driver, ids: readonly number[]): Actions {
  const now = driver.now();
  const act = ({ id, outcome }: Action): void => {
    if (outcome === "requested") driver.sql(request).run({ now, id });
    if (outcome !== "cancelled") return;
    driver.sql(end).run({ now, id });
    driver.sql(endCommand).run(id);
  };
  return each(driver, ids, { answer: answerCancel, act });
}

const remove = "DELETE FROM jobs WHERE id = ?";

export function discard(driver: Driver, ids: readonly number[]): Actions {
  const act = ({ id, outcome }: Action): void => {
    if (outcome === "discarded") driver.sql(remove).run(id);
  };
  return each(driver, ids, { answer: answerDiscard, act });
}
