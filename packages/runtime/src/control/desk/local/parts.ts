// Long lists of ids, some at a time: one transaction for all would keep others from writing, and a
// store in a file does its work in our own thread, where a kill may be waiting for its turn.

import { setImmediate as nextRound } from "node:timers/promises";

const idsAtOnce = 250;

/** What `act` answers for each part, in one list. Between two parts everybody else has a turn. */
export async function inParts<Each>(
  ids: readonly number[],
  act: (some: readonly number[]) => Promise<readonly Each[]>,
): Promise<readonly Each[]> {
  const answers: Each[] = [];
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    if (at > 0) await nextRound();
    for (const answer of await act(ids.slice(at, at + idsAtOnce))) answers.push(answer);
  }
  return answers;
}
