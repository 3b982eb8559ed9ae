// The same 200 bytes of JSON for every contender, about what an application puts in a job.

import { openQueue } from "queue-runtime";

export interface Payload {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly number: number;
  /** When the call that enqueued it began, where latency is measured. */
  readonly asked?: number;
}

export function payload(number: number): Payload {
  return {
    to: `somebody-${number % 1_000}@example.com`,
    subject: "Your invoice",
    body: "x".repeat(110),
    number,
  };
}

export function payloads(count: number): Payload[] {
  return Array.from({ length: count }, (_, number) => payload(number));
}

/** Puts so many jobs into a store, in transactions of 10,000. */
export async function fill(url: string, name: string, count: number): Promise<void> {
  await using queue = await openQueue(url);
  for (let left = count; left > 0; left -= 10_000) {
    await queue.enqueueMany({ name }, payloads(Math.min(left, 10_000)));
  }
}
