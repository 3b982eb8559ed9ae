// Processes as they are registered, in any state, and the question of this folder.

import type { NewProcess, ProcessState, Reason, Store } from "@queue-runtime/store";
import { someProcess } from "../world.ts";

export interface Hand {
  readonly queues?: readonly string[];
  readonly names?: readonly string[];
  /** `running` by default. */
  readonly state?: ProcessState;
  readonly name?: string;
}

/** A worker that has said what it has code for, unless it is still starting. */
export async function hire(store: Store, hand: Hand = {}): Promise<number> {
  const { queues = ["*"], names = ["job"], state = "running", name = "worker default/1" } = hand;
  const id = await store.processes.register(someProcess({ queues, name }));
  if (state === "starting") return id;
  await store.processes.ready(id, names);
  if (state !== "running") await store.processes.heartbeat([{ id, state, rssBytes: null }]);
  return id;
}

export function appoint(store: Store, kind: NewProcess["kind"]): Promise<number> {
  return store.processes.register(someProcess({ kind, queues: [], name: kind }));
}

/** Of a job that is there. */
export async function whyOf(store: Store, id: number): Promise<readonly Reason[]> {
  const reasons = await store.flow.why(id);
  if (!reasons) throw new Error(`there is no job ${id}`);
  return reasons;
}
