// What an operator should know although nothing is wrong: said once, when the runtime is up.

import type { Store } from "@queue-runtime/store";
import type { Log } from "../log.ts";

/** As process 1 nobody reaps what jobs leave behind; a program cannot do that for strangers. */
export function adviseBeforeBoot(log: Log): void {
  if (process.pid === 1) log.report({ type: "pid-1" });
}

/** Ready jobs that nobody here, or on another runtime of the store, has code for. */
export async function adviseWhenReady(store: Store, log: Log): Promise<void> {
  try {
    for (const { name, ready } of await store.jobs.unknownNames()) {
      log.report({ type: "name-unknown", name, ready });
    }
  } catch {
    // advice is not worth an error: whatever ails the store is said by those who need it
  }
}
