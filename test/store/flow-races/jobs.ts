// Jobs as contenders enqueue them: some keys, now and then a unique one, a batch, or another job to
// come after.

import type { NewJob, OnConflict } from "@queue-runtime/store";
import { slot, unique } from "../contract/flow/words.ts";

export interface Chance {
  /** True with this probability. */
  of(share: number): boolean;
  one<T>(all: readonly T[]): T;
}

export interface Choice {
  readonly keys: Readonly<Record<string, number>>;
  readonly batches: readonly number[];
  readonly after: readonly number[];
  readonly plain: boolean;
}

const policies: readonly OnConflict[] = ["block", "block", "block", "discard", "replace", "fail"];

export function newJob(chance: Chance, { keys, batches, after, plain }: Choice): NewJob {
  const names = Object.keys(keys);
  if (plain) return limited([chance.one(names)], keys, "block");
  const wanted = new Set([chance.one(names)]);
  if (chance.of(0.3)) wanted.add(chance.one(names));
  if (chance.of(0.1)) wanted.add(chance.one(names));
  const chosen = [...wanted];
  return {
    ...limited(chosen, keys, chance.one(policies)),
    priority: chance.one([0, 0, 1, -1]),
    ...(chance.of(0.1) && { delayMs: 3 }),
    ...(chance.of(0.1) && { uniques: [unique(chosen.join())] }),
    ...(chance.of(0.1) && batches.length > 0 && { batchId: chance.one(batches) }),
    ...(chance.of(0.1) && after.length > 0 && { after: [chance.one(after)] }),
    ifDependencyFails: chance.one(["fail", "run"] as const),
  };
}

function limited(
  chosen: readonly string[],
  keys: Readonly<Record<string, number>>,
  onConflict: OnConflict,
): NewJob {
  const gates = chosen.map((key) => slot(key, { limit: keys[key]!, onConflict }));
  return { name: "job", args: { keys: chosen }, gates };
}
