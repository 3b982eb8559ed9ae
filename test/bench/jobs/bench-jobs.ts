// The jobs of the benchmarks. They do nothing, or say when something happened to them.

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defineJob } from "queue-runtime";

/** Milliseconds of the monotonic clock that all processes of the machine share. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function mark(input: { readonly file: string }, word: string, id: number): void {
  const at = now();
  appendFileSync(input.file, `${word} ${id} ${process.pid} ${at}\n`);
}

export const noop = defineJob({ name: "noop", perform() {} });

/** Answers which process ran it. */
export const whose = defineJob({ name: "whose", perform: () => process.pid });

/** Answers when it started. */
export const stamp = defineJob({ name: "stamp", perform: () => now() });

/** Says when it started, and ends. */
export const started = defineJob({
  name: "started",
  perform: (input: { readonly file: string }, { job }) => mark(input, "started", job.id),
});

/** Never yields; says when it saw that it should stop. */
export const spin = defineJob({
  name: "spin",
  perform(input: { readonly file: string }, context) {
    mark(input, "started", context.job.id);
    while (!context.stopping);
    mark(input, "stopping", context.job.id);
  },
});

/** Yields, and ends as soon as its signal aborts. */
export const listen = defineJob({
  name: "listen",
  async perform(input: { readonly file: string }, context) {
    mark(input, "started", context.job.id);
    await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve()));
    mark(input, "aborted", context.job.id);
    context.signal.throwIfAborted();
  },
});

/** Runs until it is told to stop. Its checkpoint forgives the crashes before it. */
export const hold = defineJob({
  name: "hold",
  async perform(input: { readonly file: string }, context) {
    mark(input, "started", context.job.id);
    await context.checkpoint(1);
    mark(input, "saved", context.job.id);
    while (!context.stopping) await sleep(20);
  },
});
