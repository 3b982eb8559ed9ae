// An iteration over the items 0 to 4 that tells what happened, for tests of the loop.

import {
  defineIteration,
  type IterationOptions,
  type JobDefinition,
  type Outcome,
  perform,
} from "@queue-runtime/job";
import { MemoryRun, type MemoryRunOptions } from "@queue-runtime/job/testing";
import type { Json } from "@queue-runtime/store";

export type Options = IterationOptions<string, unknown, unknown, unknown, number, Json>;

/** Items 0 to 4, whose cursors are themselves; `log` tells what happened. */
export function counting(options: Partial<Options> = {}) {
  const log: unknown[] = [];
  const definition = defineIteration({
    name: "counting",
    retry: { jitter: 0 },
    *buildEnumerator(_input, { cursor }) {
      try {
        for (let item = ((cursor as number | null) ?? -1) + 1; item < 5; item++) yield [item, item];
      } finally {
        log.push("closed");
      }
    },
    eachIteration: (item) => {
      log.push(item);
    },
    onStart: () => log.push("start"),
    onInterrupt: () => log.push("interrupt"),
    onResume: () => log.push("resume"),
    onComplete: () => {
      log.push("complete");
      return "all";
    },
    ...options,
  } as Options);
  return { log, definition: definition as JobDefinition };
}

export const start = (definition: JobDefinition, options?: MemoryRunOptions): Promise<Outcome> =>
  perform(definition, new MemoryRun(options));
