// Starting commands at once, whatever they wait for. Their groups may be faster: one that got its
// turn between our looking and our asking is started as well, which is all that anybody wanted.

import { endStates, type JobState } from "@queue-runtime/store";
import type { Answer } from "../../desk.ts";
import { DeskError } from "../desk-error.ts";
import { inParts } from "./parts.ts";
import { inOrder, nameOf, type Reach, refused } from "./reach.ts";

export function startNow(reach: Reach, ids: readonly number[]): Promise<readonly Answer[]> {
  return start(reach, ids, false);
}

/** Those that were just added, or restarted; who could not be started has its turn in its group. */
export async function startAdded(reach: Reach, ids: readonly number[]): Promise<readonly Answer[]> {
  const answers = await start(reach, ids, true);
  const not = answers.filter(({ outcome }) => outcome !== "started").map(idOf);
  if (not.length === 0) return answers;
  const states = ["waiting", "scheduled", "blocked", "ready"] as const;
  const waiting = new Set(await among(reach.store, not, states));
  return answers.map((answer) => {
    if (!waiting.has(answer.id)) return answer;
    return { ...answer, error: `${answer.error}; it waits in its group` };
  });
}

/** @param fresh whatever has begun since is what was asked for */
async function start(
  { store, live, whyNot }: Reach,
  ids: readonly number[],
  fresh: boolean,
): Promise<readonly Answer[]> {
  if (live === null) throw new DeskError("no-runtime", whyNot);
  if (ids.length === 0) return [];
  const ran = live.running();
  const already = fresh ? [] : ids.filter((id) => ran.has(id));
  const rest = ids.filter((id) => fresh || !ran.has(id));
  const freed = await inParts(rest, (some) => store.commands.force(some));
  const not = freed.filter(({ outcome }) => outcome !== "done");
  const begun = new Set(await begunOf(store, not.map(idOf), fresh));
  const asked = freed.filter(({ id, outcome }) => outcome === "done" || begun.has(id)).map(idOf);
  const answers = asked.length === 0 ? [] : await live.start(asked);
  const started = answers.map((answer) => nameOf(answer, "started"));
  // of those that could not be forced the store knows better why
  const known = started.filter(({ id, outcome }) => outcome === "started" || !begun.has(id));
  const runs = already.map((id) => refused(id, "it runs already"));
  return inOrder(ids, [...not, ...runs, ...known]);
}

/** A fresh one may even be over by now. */
async function begunOf(
  store: Reach["store"],
  ids: readonly number[],
  fresh: boolean,
): Promise<readonly number[]> {
  return await among(store, ids, fresh ? ["running", ...endStates] : ["running"]);
}

async function among(
  store: Reach["store"],
  ids: readonly number[],
  states: readonly JobState[],
): Promise<readonly number[]> {
  return (await inParts(ids, (some) => store.commands.list({ ids: some, states }))).map(idOf);
}

function idOf({ id }: { readonly id: number }): number {
  return id;
}
