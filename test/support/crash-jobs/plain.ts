// Jobs that behave: short ones, ones that wait for a test to let them go, and ones that spin but
// look up now and then.

import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { defineJob, FatalError } from "queue-runtime";
import { note } from "../crash-note.ts";

export const quick = defineJob({
  name: "quick",
  perform(value: unknown, context) {
    note(context, "ran", value);
    return value;
  },
});

export const quickOnRed = defineJob({
  name: "quick.red",
  queue: "red",
  perform: (value: unknown, context) => note(context, "ran", value),
});

/** Yields to the event loop until the file `gate` exists; deaf to every request to stop. */
export const hold = defineJob({
  name: "hold",
  retry: { limit: 0 },
  async perform({ gate }: { gate: string }, context) {
    note(context, "began");
    while (!existsSync(gate)) await delay(5);
    note(context, "ended");
    return "done";
  },
});

export const nap = defineJob({
  name: "nap",
  async perform({ ms }: { ms: number }, context) {
    note(context, "began");
    await delay(ms);
    note(context, "ended");
  },
});

/** Waits for nothing but `context.signal`. */
export const listen = defineJob({
  name: "listen",
  retry: { limit: 0 },
  async perform(_: unknown, context) {
    note(context, "began");
    await new Promise<void>((_, reject) => {
      // keeps nothing alive by itself: the runtime must hold the process open
      context.signal.addEventListener("abort", () => reject(context.signal.reason));
    });
  },
});

/** Never yields; ends when `stopping` is raised or the file `gate` exists. */
export const spin = defineJob({
  name: "spin",
  retry: { limit: 0 },
  async perform({ gate }: { gate: string }, context) {
    note(context, "began");
    for (let n = 1; ; n++) {
      if (context.stopping) {
        note(context, "saw-stopping");
        // lets the runtime decide what the end means: cancelled, interrupted or failed
        await context.checkpoint(n);
      }
      if (n % 10_000 === 0 && existsSync(gate)) break;
    }
    note(context, "ended");
    return "done";
  },
});

/** Never yields and never looks. */
export const deaf = defineJob({
  name: "deaf",
  retry: { limit: 0 },
  perform({ gate }: { gate: string }, context) {
    note(context, "began");
    while (!existsSync(gate));
    note(context, "ended");
  },
});

export const deafWithTimeout = defineJob({
  name: "deaf.timeout",
  timeout: "200ms",
  retry: { limit: 0 },
  perform(_: unknown, context) {
    note(context, "began");
    for (;;);
  },
});

export const longTimeout = defineJob({
  name: "long.timeout",
  timeout: "90d",
  retry: { limit: 0 },
  async perform(_: unknown, context) {
    await delay(200);
    return context.stopping;
  },
});

export const listenWithTimeout = defineJob({
  name: "listen.timeout",
  timeout: "200ms",
  retry: { limit: 0 },
  async perform(_: unknown, context) {
    note(context, "began");
    await new Promise<void>((_, reject) => {
      context.signal.addEventListener("abort", () => {
        note(context, "aborted", (context.signal.reason as { reason: string }).reason);
        reject(new Error("the connection was closed"));
      });
    });
  },
});

/** Fails `times` times, then succeeds. */
export const flaky = defineJob({
  name: "flaky",
  retry: { limit: 3, base: "100ms", max: "1s", jitter: 0 },
  perform({ times }: { times: number }, context) {
    note(context, "ran");
    if (context.attempt <= times) throw new Error(`no luck on attempt ${context.attempt}`);
    return context.attempt;
  },
});

export const fatal = defineJob({
  name: "fatal",
  perform(_: unknown, context) {
    note(context, "ran");
    throw new FatalError("this can never work");
  },
});

/** Short, and says when it begins and ends. */
export const blink = defineJob({
  name: "blink",
  async perform({ ms }: { ms: number }, context) {
    note(context, "began");
    if (ms > 0) await delay(ms);
    note(context, "ended");
    return ms;
  },
});
