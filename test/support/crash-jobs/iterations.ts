// Iterations that write down every item and every callback.

import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { defineIteration, enumerators, Interrupt, type JobContext } from "queue-runtime";
import { note } from "../crash-note.ts";

interface CountInput {
  readonly items: number;
  /** How long an item takes, in milliseconds; 1 by default. */
  readonly itemMs?: number;
  /** In this item, wait until the file `gate` exists; note when it is told to stop meanwhile. */
  readonly pauseAt?: number;
  readonly gate?: string;
}

function* upTo(items: number, cursor: number | null): Generator<[number, number]> {
  for (let item = (cursor ?? -1) + 1; item < items; item++) yield [item, item];
}

async function pause(context: JobContext<number>, gate: string): Promise<void> {
  while (!context.stopping && !existsSync(gate)) await delay(2);
  if (context.stopping) note(context, "stopping");
  while (!existsSync(gate)) await delay(2);
}

export const shared = {
  retry: { limit: 2, base: "50ms", jitter: 0 },
  buildEnumerator: ({ items }: CountInput, { cursor }: JobContext<number>) =>
    Object.assign(upTo(items, cursor), { size: items - 1 - (cursor ?? -1) }),
  async eachIteration(item: number, context: JobContext<number>) {
    note(context, "item", item);
    const { itemMs = 1, pauseAt, gate } = context.job.args as unknown as CountInput;
    if (itemMs > 0) await delay(itemMs);
    if (item === pauseAt) await pause(context, gate!);
  },
  onStart: (_: CountInput, context: JobContext<number>) => note(context, "onStart"),
  onInterrupt: (_: CountInput, context: JobContext<number>) => note(context, "onInterrupt"),
  onResume: (_: CountInput, context: JobContext<number>) => note(context, "onResume"),
  onComplete({ items }: CountInput, context: JobContext<number>) {
    note(context, "onComplete");
    return items;
  },
} as const;

export const count = defineIteration({ name: "count", ...shared });

export const countOften = defineIteration({
  ...shared,
  name: "count.often",
  checkpoint: { every: "50ms" },
});

/** Saves after every item, so that a crash is forgiven by the next. */
export const countSafely = defineIteration({
  ...shared,
  name: "count.safely",
  checkpoint: { every: "0ms" },
});

export const countInTurns = defineIteration({
  ...shared,
  name: "count.turns",
  maxRuntime: "100ms",
});

export const countStubbornly = defineIteration({
  ...shared,
  name: "count.none",
  interruptionAdapter: "none",
});

export const countUntilFile = defineIteration({
  ...shared,
  name: "count.file",
  interruptionAdapter: `file:${process.env.DRAIN_FILE ?? "/nowhere"}`,
});

export const countInLittleMemory = defineIteration({
  ...shared,
  name: "count.memory",
  interruptionAdapter: "memory:1mb",
});

/** Never yields to the event loop between two items. */
export const countSpinning = defineIteration({
  ...shared,
  name: "count.spinning",
  eachIteration(item: number, context: JobContext<number>) {
    const { itemMs = 1 } = context.job.args as unknown as CountInput;
    const until = performance.now() + itemMs;
    while (performance.now() < until);
    note(context, "item", item);
  },
});

/** Dies at `dieAt`, on as many runs as `deaths` says, then gets past it. */
export const mortal = defineIteration({
  ...shared,
  name: "mortal",
  checkpoint: { every: "0ms" },
  async eachIteration(item: number, context: JobContext<number>) {
    const { dieAt } = context.job.args as unknown as { dieAt: readonly number[] };
    note(context, "item", item);
    if (dieAt[context.job.crashes] === item) {
      // what was done before is saved; this item is not
      await context.checkpoint();
      process.kill(process.pid, "SIGKILL");
      await delay(60_000);
    }
  },
});

/** Throws at `failAt` on the first attempt. */
export const failing = defineIteration({
  ...shared,
  name: "failing",
  eachIteration(item: number, context: JobContext<number>) {
    const { failAt } = context.job.args as unknown as { failAt: number };
    if (item === failAt && context.attempt === 1) throw new Error(`item ${item} is broken`);
    note(context, "item", item);
  },
});

/** Before its third item it asks for a pause, once. */
export const polite = defineIteration({
  ...shared,
  name: "polite",
  eachIteration(item: number, context: JobContext<number>) {
    if (item === 2 && context.job.interruptions === 0) {
      throw new Interrupt("the other side asks for a pause", { delay: "300ms" });
    }
    note(context, "item", item);
  },
});

/** Held back after its third item while the file `gate` is missing. */
export const throttled = defineIteration({
  ...shared,
  name: "throttled",
  buildEnumerator: ({ items, gate }: CountInput, context: JobContext<number>) =>
    enumerators.throttle(upTo(items, context.cursor), {
      when: () => (context.cursor ?? -1) >= 2 && !existsSync(gate!),
      backoff: "200ms",
    }),
});
