// Two jobs to start from. A job is known by its name, never by its file.

import { setTimeout } from "node:timers/promises";
import { defineIteration, defineJob, enumerators } from "queue-runtime";

/** Runs in one go: npx runtime enqueue hello '{"name": "world"}' */
export const hello = defineJob({
  name: "hello",
  perform(input: { name: string }, { log }) {
    log.info(`Hello, ${input.name}!`);
  },
});

/**
 * Goes through items: npx runtime enqueue count '{"to": 60}'
 * Stop the runtime half-way and start it again: it goes on with the next number.
 */
export const count = defineIteration({
  name: "count",
  buildEnumerator: (input: { to: number }, { cursor }) => enumerators.times(input.to, { cursor }),
  async eachIteration(number, { log }) {
    log.info(`${number + 1}`);
    await setTimeout(1_000);
  },
});
