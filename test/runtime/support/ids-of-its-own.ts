// Ids that no other test has just now: processes are found by the id of their command, and those of
// tests that run at the same time are in sight, too.

import type { Store } from "@queue-runtime/store";

/** Commands that are added after this are counted from somewhere else. */
export async function idsOfItsOwn(store: Store): Promise<void> {
  const some = 100 + (process.pid % 4_000);
  await store.jobs.enqueue(Array(some).fill({ name: "filler" }));
}
