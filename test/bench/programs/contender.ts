// A process of one contender. It does what its parent says, one thing after the other, and answers
// when it is done; see ../harness/contestant.ts for the other side.

import { setTimeout as sleep } from "node:timers/promises";
import { monotonic } from "../../support/runtime-process.ts";
import type { Contender, Discipline, OpenContender } from "../contenders/contender.ts";
import { type Payload, payload, payloads } from "../harness/payload.ts";
import { asked } from "../harness/program.ts";
import { type Span, spend } from "../harness/spans.ts";

export interface ContenderProgram {
  readonly module: string;
  readonly variant: string;
  readonly discipline?: Discipline;
  readonly url: string;
}

/** What the parent may say. */
export type Order =
  | { readonly do: "migrate" | "until-empty" | "latencies" | "spans" | "close" }
  | { readonly do: "fill"; readonly jobs: number }
  | { readonly do: "work"; readonly jobs: number }
  | Enqueueing
  | { readonly do: "pace"; readonly jobs: number; readonly warm: number };

/** `from`: the number of the first job; 0 by default. */
interface Enqueueing {
  readonly do: "enqueue";
  readonly jobs: number;
  readonly bulk: boolean;
  readonly from?: number;
}

/** Sent by a worker every few milliseconds, unasked. */
export interface Progress {
  readonly performed: number;
  /** When the first job began, by the clock that all processes share. */
  readonly firstAt: number;
  /** When it was as far as this. */
  readonly at: number;
}

export type Answer =
  | { readonly progress: Progress }
  | { readonly answer: unknown }
  | { readonly error: string };

/** Jobs per call of `enqueueMany`. */
const bulkSize = 1_000;

const { module, ...options } = asked<ContenderProgram>();
const { open } = (await import(`../contenders/${module}.ts`)) as { open: OpenContender };
const contender: Contender = await open(options);
const latencies: number[] = [];
/** When jobs ran that keep to something. */
const spans: Span[] = [];

process.on("message", (order: Order) => {
  obey(order).then(
    (answer) => say({ answer }),
    (error: Error) => say({ error: error.stack ?? String(error) }),
  );
});
say({ answer: "ready" });

function say(answer: Answer): void {
  if (process.connected) process.send!(answer);
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case "migrate":
      return await contender.migrate();
    case "fill":
      return await fill(order.jobs);
    case "enqueue":
      return await rate(order);
    case "pace":
      return await pace(order);
    case "work":
      return await work(order.jobs);
    case "until-empty":
      while (!(await contender.isEmpty())) await sleep(2);
      return monotonic();
    case "latencies":
      return latencies;
    case "spans":
      return spans;
    case "close":
      await contender.close();
      return process.disconnect();
    default:
      return order satisfies never;
  }
}

async function fill(jobs: number): Promise<void> {
  for (let done = 0; done < jobs; done += bulkSize) {
    await enqueueAll(payloads(Math.min(jobs - done, bulkSize), done));
  }
}

/** The contender's own call for many, or one at a time without waiting for each. */
async function enqueueAll(inputs: readonly Payload[]): Promise<void> {
  if (contender.enqueueMany) await contender.enqueueMany(inputs);
  else await Promise.all(inputs.map((input) => contender.enqueue(input)));
}

/** Jobs per second. */
async function rate({ jobs, bulk, from = 0 }: Enqueueing): Promise<number> {
  const inputs = payloads(jobs, from);
  const began = performance.now();
  if (bulk) {
    for (let done = 0; done < jobs; done += bulkSize) {
      await contender.enqueueMany!(inputs.slice(done, done + bulkSize));
    }
  } else {
    for (const input of inputs) await contender.enqueue(input);
  }
  return jobs / ((performance.now() - began) / 1_000);
}

/** One job now and then, each with the moment before its call. */
async function pace({ jobs, warm }: { jobs: number; warm: number }): Promise<void> {
  for (let number = -warm; number < jobs; number += 1) {
    const asked = monotonic();
    await contender.enqueue({ ...payload(number), ...(number >= 0 && { asked }) });
    await sleep(15 + Math.random() * 20);
  }
}

/** Tells how far it is now and then, and at once when it has done them all. */
async function work(jobs: number): Promise<void> {
  let firstAt = 0;
  let performed = 0;
  const tell = (): void => say({ progress: { performed, firstAt, at: monotonic() } });
  setInterval(tell, 5).unref();
  const count = (): void => {
    performed += 1;
    if (performed === jobs) tell();
  };
  await contender.work((input) => {
    if (firstAt === 0) firstAt = monotonic();
    if (input.asked !== undefined) latencies.push(monotonic() - input.asked);
    if (options.discipline === undefined) return count();
    return spend(input).then((span) => {
      spans.push(span);
      count();
    });
  });
}
