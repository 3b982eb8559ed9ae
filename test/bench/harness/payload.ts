// The same 200 bytes of JSON for every contender, about what an application puts in a job.

import { type Enqueueable, openQueue } from "queue-runtime";

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

export function payloads(count: number, from = 0): Payload[] {
  return Array.from({ length: count }, (_, index) => payload(from + index));
}

/** Puts so many jobs into a store, in transactions of 10,000. */
export async function fill(url: string, name: string, count: number): Promise<void> {
  await fillWith(url, { job: { name }, count });
}

/** The same of a job as it is defined, with its limits. */
export async function fillWith(url: string, { job, count, queue }: Filling): Promise<void> {
  await using client = await openQueue(url);
  for (let done = 0; done < count; done += 10_000) {
    const inputs = payloads(Math.min(count - done, 10_000), done);
    await client.enqueueMany(job, inputs, queue === undefined ? {} : { queue });
  }
}

export interface Filling {
  readonly job: Enqueueable;
  readonly count: number;
  /** The job's own by default. */
  readonly queue?: string;
}
