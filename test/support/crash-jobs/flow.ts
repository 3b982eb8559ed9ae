// Jobs with limits, unique keys and callbacks, that say when they begin and end. What one of them
// wants stands in its input, so that a judge can read it off the row (support/flow/wants.ts).

import { setTimeout as delay } from "node:timers/promises";
import { defineIteration, defineJob, FatalError, type JobContext } from "queue-runtime";
import { note } from "../crash-note.ts";
import { shared } from "./iterations.ts";

export interface FlowInput {
  /** How long it takes, in milliseconds. */
  readonly ms: number;
  readonly key: string;
  /** Of three slots, for jobs that want one there, too. */
  readonly other?: string;
  /** What becomes of it: `flaky` fails once, `doomed` for good. */
  readonly fate?: "flaky" | "doomed";
  readonly after?: readonly number[];
  readonly ifDependencyFails?: "fail" | "run";
}

async function work({ ms, fate }: FlowInput, context: JobContext): Promise<void> {
  note(context, "began");
  await delay(ms);
  if (fate === undefined || (fate === "flaky" && context.attempt > 1)) {
    note(context, "ended");
    return;
  }
  note(context, "failed");
  throw fate === "doomed" ? new FatalError("it had to be") : new Error("not this time");
}

const one = { key: ({ key }: FlowInput) => key, group: "one" } as const;
const three = { key: ({ other }: FlowInput) => other ?? null, limit: 3, group: "three" } as const;

/** Its first retry comes after so long, in milliseconds. */
export const retryMs = 50;
const common = { retry: { limit: 3, base: retryMs, jitter: 0 }, perform: work } as const;

/** At most one of a key, with the iteration and `flow.both`. */
export const flowOne = defineJob({ ...common, name: "flow.one", concurrency: one });

/** At most three of a key. */
export const flowThree = defineJob({ ...common, name: "flow.three", concurrency: three });

/** One of the one and one of the three. */
export const flowBoth = defineJob({ ...common, name: "flow.both", concurrency: [three, one] });

interface CountInput extends FlowInput {
  readonly items: number;
}

export const flowCount = defineIteration({
  ...shared,
  name: "flow.count",
  checkpoint: { every: "20ms" },
  concurrency: { key: ({ key }: CountInput) => key, group: "one" },
});

/** Nobody else has its key while it lives. */
export const flowUnique = defineJob({
  ...common,
  name: "flow.unique",
  unique: { key: ({ key }: FlowInput) => key },
});

/** Comes after others, or belongs to a batch. */
export const flowLink = defineJob({ ...common, name: "flow.link" });

const follow = {
  perform: (_: { batch: number }, context: JobContext) => {
    note(context, "began");
    note(context, "ended");
  },
} as const;

export const batchFinish = defineJob({ ...follow, name: "flow.finish" });
export const batchSuccess = defineJob({ ...follow, name: "flow.success" });
export const batchFailure = defineJob({ ...follow, name: "flow.failure" });

export const flowTick = defineJob({
  name: "flow.tick",
  perform(_: { task: string }, context) {
    note(context, "began");
    note(context, "ended");
  },
});
