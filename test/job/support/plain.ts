// A plain job around a function, and one run of it.

import { defineJob, type JobDefinition, type Outcome, perform } from "@queue-runtime/job";
import { MemoryRun, type MemoryRunOptions } from "@queue-runtime/job/testing";

export type Work = Parameters<typeof defineJob>[0]["perform"];

export function job(work: Work, options: object = {}): JobDefinition {
  return defineJob({ name: "test", retry: { jitter: 0 }, ...options, perform: work });
}

export function outcomeOf(work: Work, options: MemoryRunOptions = {}): Promise<Outcome> {
  return perform(job(work), new MemoryRun(options));
}
