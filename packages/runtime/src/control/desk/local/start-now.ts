// Starting commands at once, whatever they wait for. Their groups may be faster: one that got its
// turn between our looking and our asking is started as well, which is all that anybody wanted.

import type { Answer } from "../../desk.ts";
import { DeskError } from "../desk-error.ts";
import { inOrder, nameOf, type Reach, refused } from "./reach.ts";

/** @param fresh just added, or restarted: whatever has begun since is what was asked for */
export async function startNow(
  { store, live, whyNot }: Reach,
  ids: readonly number[],
  { fresh }: { readonly fresh: boolean },
): Promise<readonly Answer[]> {
  if (live === null) throw new DeskError("no-runtime", whyNot);
  if (ids.length === 0) return [];
  const ran = live.running();
  const already = fresh ? [] : ids.filter((id) => ran.has(id));
  const rest = ids.filter((id) => !already.includes(id));
  const freed = rest.length === 0 ? [] : await store.commands.force(rest);
  const not = freed.filter(({ outcome }) => outcome !== "done");
  const begun = new Set(fresh ? not.map(({ id }) => id) : await runningOf(store, not.map(idOf)));
  const asked = freed.filter(({ id, outcome }) => outcome === "done" || begun.has(id)).map(idOf);
  const answers = asked.length === 0 ? [] : await live.start(asked);
  const started = answers.map((answer) => nameOf(answer, "started"));
  // of those that could not be forced the store knows better why
  const known = started.filter(({ id, outcome }) => outcome === "started" || !begun.has(id));
  const runs = already.map((id) => refused(id, "it runs already"));
  return inOrder(ids, [...not, ...runs, ...known]);
}

async function runningOf(store: Reach["store"], ids: readonly number[]): Promise<number[]> {
  if (ids.length === 0) return [];
  return (await store.commands.list({ ids, states: ["running"] })).map(idOf);
}

function idOf({ id }: { readonly id: number }): number {
  return id;
}
