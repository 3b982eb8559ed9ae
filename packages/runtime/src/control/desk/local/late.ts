// Commands that were claimed, and whose process is not known here yet. For a few milliseconds
// nothing can be done to them, and a person who pauses or kills means them, too.

import { hostname } from "node:os";
import type { CommandJob } from "@queue-runtime/store";
import type { LiveCommands } from "../../live-commands.ts";
import type { Reach } from "./reach.ts";

/** From the claim to the process; longer only where the machine can start nothing more. */
const patienceMs = 250;

/** It may be known here in a moment: nobody runs it elsewhere. */
export function isLate({ state, command }: CommandJob): boolean {
  const host = command.process?.host ?? null;
  return state === "running" && (host === null || host === hostname());
}

/** Those of groups that nothing was done to, for they were not known. */
export async function lateOnes(
  { store, live }: Reach,
  groups: readonly string[] | null,
  done: readonly number[],
): Promise<readonly number[]> {
  if (live === null || groups === null) return [];
  const running = await store.commands.list({ groups, states: ["running"] });
  return running.filter((job) => isLate(job) && !done.includes(job.id)).map(({ id }) => id);
}

/** Those of them that are known by now, or in a moment. */
export async function onceStarted(
  live: LiveCommands,
  ids: readonly number[],
): Promise<readonly number[]> {
  const pending = new Set(ids.filter((id) => !live.running().has(id)));
  if (pending.size > 0) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = live.subscribe(({ command }) => {
      pending.delete(command.id);
      if (pending.size === 0) resolve();
    });
    const timer = setTimeout(resolve, patienceMs);
    await promise;
    clearTimeout(timer);
    stop();
  }
  return ids.filter((id) => live.running().has(id));
}
