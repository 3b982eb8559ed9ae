// Locks of editors: who edits a command keeps it from running and from others, for 30 s at a time,
// so that the lock of an editor which was killed ends by itself.

import type { CommandJob } from "@queue-runtime/store";
import type { Answer, Changes, Editable } from "../../desk.ts";
import { named, nameOf, type Reach } from "./reach.ts";
import { readChanges } from "./restart.ts";

const lockMs = 30_000;

export async function lock(
  { store, live }: Reach,
  ids: readonly number[],
  owner: string,
): Promise<readonly (Answer & { readonly editable?: Editable })[]> {
  const answers = await store.commands.lock(ids, { owner, forMs: lockMs });
  const locked = answers.filter(({ outcome }) => outcome === "done").map(({ id }) => id);
  const rows = locked.length === 0 ? [] : await store.commands.list({ ids: locked });
  // a lock that ends by its time is announced by nobody
  if (live && locked.length > 0) setTimeout(() => live.look(), lockMs + 100).unref();
  const byId = new Map(rows.map((row) => [row.id, editableOf(row)]));
  return answers.map((answer) => {
    const editable = byId.get(answer.id);
    return { ...nameOf(answer, "locked"), ...(editable && { editable }) };
  });
}

export async function unlock(
  { store, live }: Reach,
  ids: readonly number[],
  options: { readonly owner: string; readonly changes?: Readonly<Record<string, Changes>> },
): Promise<readonly Answer[]> {
  const { owner, changes } = options;
  const answers = await store.commands.unlock(ids, {
    owner,
    ...(changes !== undefined && { changes: readChanges(changes) }),
  });
  live?.look();
  return named(answers, "unlocked");
}

function editableOf({ id, label, priority, command }: CommandJob): Editable {
  return { id, command: command.line, directory: command.directory, label, priority };
}
