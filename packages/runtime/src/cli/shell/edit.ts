// edit: commands that have not begun are changed in the person's editor. They are locked meanwhile,
// so that they neither begin nor change under the editor's hands. The lock is kept fresh while the
// editor runs; if we are killed half-way, it ends by itself.

import { randomUUID } from "node:crypto";
import type { Answer, Changes, Desk, Editable } from "../../control/desk.ts";
import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { changedIn, editAll } from "./editor/edit-all.ts";
import { readCommandIds } from "./given/ids.ts";
import { hasFailed, reportAnswers } from "./told/answers.ts";

/** A lock lasts 30 s: two attempts to keep it may fail. */
const freshenMs = 10_000;

export async function edit(invocation: Invocation): Promise<number> {
  const ids = readCommandIds(invocation.words);
  return await withDesk(await invocation.config(), async (desk) => {
    const owner = randomUUID();
    const locks = await desk.lock(ids, owner);
    const locked = locks.flatMap(({ editable }) => (editable ? [editable] : []));
    const refused = locks.filter(hasFailed);
    // all or none: one editor is opened for all, and none where it could not be for all
    if (refused.length > 0) {
      if (locked.length > 0) await desk.unlock(idsOf(locked), { owner });
      return reportAnswers(invocation, refused, "");
    }
    const answers = await changeLocked(desk, locked, owner);
    return reportAnswers(invocation, answers, "");
  });
}

async function changeLocked(
  desk: Desk,
  locked: readonly Editable[],
  owner: string,
): Promise<readonly Answer[]> {
  const ids = idsOf(locked);
  let changes: Readonly<Record<string, Changes>> = {};
  const fresh = setInterval(() => {
    // one that is lost shows when it is opened
    desk.lock(ids, owner).catch(() => undefined);
  }, freshenMs);
  try {
    changes = Object.fromEntries(changedIn(locked, await editAll(locked)));
  } catch (error) {
    await desk.unlock(ids, { owner });
    throw error;
  } finally {
    clearInterval(fresh);
  }
  const answers = await desk.unlock(ids, { owner, changes });
  return answers.map((answer) => {
    if (hasFailed(answer)) return answer;
    return { ...answer, outcome: changes[answer.id] === undefined ? "unchanged" : "changed" };
  });
}

function idsOf(rows: readonly Editable[]): readonly number[] {
  return rows.map(({ id }) => id);
}
