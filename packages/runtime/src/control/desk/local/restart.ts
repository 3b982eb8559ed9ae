// Running ended commands again: in their place, or as new ones.

import { isAbsolute } from "node:path";
import type { CommandAction, CommandChanges } from "@queue-runtime/store";
import type { Answer, Changes, RestartRequest } from "../../desk.ts";
import { DeskError } from "../desk-error.ts";
import { inParts } from "./parts.ts";
import { named, nameOf, type Reach, requireGroup } from "./reach.ts";
import { findIds } from "./selection.ts";
import { startAdded } from "./start-now.ts";

export type Restarted = Answer & { readonly new_id?: number };

export async function restart(
  reach: Reach,
  request: RestartRequest,
): Promise<readonly Restarted[]> {
  const { immediate, stashed } = request;
  if (immediate && stashed) {
    throw new DeskError("invalid", "a command is either stashed or started at once");
  }
  if (immediate && reach.live === null) throw new DeskError("no-runtime", reach.whyNot);
  const ids = await chosenIds(reach, request);
  const answers = await doRestart(reach, ids, request);
  if (!immediate) {
    reach.live?.look();
    return answers;
  }
  return await startThose(reach, answers);
}

async function chosenIds(reach: Reach, request: RestartRequest): Promise<readonly number[]> {
  const { ids, failed_in_group: group, all_failed: all } = request;
  const states = ["failed", "cancelled"] as const;
  if (all) return await findIds(reach, { states });
  if (group !== undefined) {
    await requireGroup(reach, group);
    return await findIds(reach, { groups: [group], states });
  }
  if (ids !== undefined && ids.length > 0) return [...new Set(ids)];
  throw new DeskError("invalid", "which commands? Give ids, failed_in_group or all_failed");
}

async function doRestart(
  { store }: Reach,
  ids: readonly number[],
  { in_place: inPlace, stashed, changes }: RestartRequest,
): Promise<readonly Restarted[]> {
  const options = {
    held: stashed === true,
    ...(changes !== undefined && { changes: readChanges(changes) }),
  };
  if (!inPlace) {
    return (await inParts(ids, (some) => store.commands.again(some, options))).map(answerOf);
  }
  return named(await inParts(ids, (some) => store.commands.restart(some, options)), "restarted");
}

function answerOf(answer: CommandAction & { readonly newId: number | null }): Restarted {
  const { newId, ...action } = answer;
  const named = nameOf(action, "restarted");
  return newId === null ? named : { ...named, new_id: newId };
}

async function startThose(
  reach: Reach,
  answers: readonly Restarted[],
): Promise<readonly Restarted[]> {
  const again = answers.filter(({ outcome }) => outcome === "restarted");
  const begun = await startAdded(reach, again.map(idOf));
  const started = new Map(begun.map((answer) => [answer.id, answer]));
  return answers.map((answer) => {
    const start = started.get(idOf(answer));
    if (start === undefined || start.outcome === "started") return answer;
    const { outcome, error } = start;
    return { ...answer, outcome, ...(error !== undefined && { error }) };
  });
}

function idOf({ id, new_id: newId }: Restarted): number {
  return newId ?? id;
}

/** From JSON to the words of the store. @throws DeskError */
export function readChanges(
  changes: Readonly<Record<string, Changes>>,
): ReadonlyMap<number, CommandChanges> {
  return new Map(
    Object.entries(changes).map(([id, { command, directory, label, priority }]) => {
      if (directory !== undefined && !isAbsolute(directory)) {
        const folder = JSON.stringify(directory);
        throw new DeskError("invalid", `the folder ${folder} is relative: give an absolute path`);
      }
      const change = {
        ...(command !== undefined && { line: command }),
        ...(directory !== undefined && { directory }),
        ...(label !== undefined && { label }),
        ...(priority !== undefined && { priority }),
      };
      return [Number(id), change];
    }),
  );
}
