// What the compiler knows about limits, keys, schedules, batches and recurring tasks. Checked by
// `tsc -p test/tsconfig.json`; nothing here runs.

import {
  defineIteration,
  defineJob,
  enumerators,
  type InputOf,
  type JobContext,
  type JobDefinition,
  jobRef,
  type OpenBatch,
  type Queue,
  type StandardSchema,
} from "@queue-runtime/job";

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_same: Same<A, B>): void {}

declare const queue: Queue;
declare const schema: StandardSchema<{ at: string }, { at: Date }>;

// With a schema a key function is given the schema's input, which is what is stored.
export const remind = defineJob({
  name: "remind",
  input: schema,
  concurrency: [
    {
      key: (input) => {
        same<typeof input, { at: string }>(true);
        return input.at;
      },
    },
    { key: "all", limit: 2, onConflict: "discard" },
  ],
  rate: { key: (input) => input.at || null, limit: 10, per: "1s" },
  unique: { key: (input) => input.at, for: "1h", while: ["ready"] },
  schedule: { cron: "@daily", timeZone: "Europe/Berlin", input: { at: "2026" }, catchUp: "one" },
  perform(input) {
    same<typeof input, { at: Date }>(true);
  },
});
same<typeof remind, JobDefinition<"remind", { at: string }, { at: Date }, void>>(true);

// Without one, the annotation of `perform` is the input, also where a key looks at less of it.
export const send = defineJob({
  name: "send",
  perform: (input: { account: string; amount: number }) => input.amount,
  concurrency: { key: (input) => input.account },
  unique: { key: (input: { account: string }) => input.account },
});
same<InputOf<typeof send>, { account: string; amount: number }>(true);

// @ts-expect-error a key is a string
defineJob({ name: "a", perform() {}, concurrency: { key: () => 5 } });
// @ts-expect-error a concurrency needs a key
defineJob({ name: "a", perform() {}, concurrency: { limit: 5 } });
// @ts-expect-error no such policy
defineJob({ name: "a", perform() {}, concurrency: { key: "a", onConflict: "blok" } });
// @ts-expect-error a rate needs a period
defineJob({ name: "a", perform() {}, rate: { limit: 5 } });
// @ts-expect-error no such state
defineJob({ name: "a", perform() {}, unique: { while: ["done"] } });
// @ts-expect-error the input of the schedule is that of the job
defineJob({ name: "a", input: schema, perform() {}, schedule: { cron: "@daily", input: 5 } });

// Enqueueing: keys are made of the input, jobs come after jobs and belong to batches.
async function enqueueing(batch: OpenBatch): Promise<void> {
  const first = await queue.enqueue(remind, { at: "" }, { unique: { key: (input) => input.at } });
  await queue.enqueue(remind, { at: "" }, { after: [first, 7], ifDependencyFails: "run", batch });
  await queue.enqueueMany(remind, [{ at: "" }], { idempotencyKey: (input) => input.at });
  await queue.enqueue(remind, { at: "" }, { idempotencyKey: "request 7", unique: false });
  // @ts-expect-error no such policy
  await queue.enqueue(remind, { at: "" }, { ifDependencyFails: "ignore" });
  // @ts-expect-error limits belong to the job
  await queue.enqueue(remind, { at: "" }, { concurrency: { key: "a" } });
  // @ts-expect-error no such field of the input
  await queue.enqueue(remind, { at: "" }, { unique: { key: (input) => input.on } });
}
void enqueueing;

// The job that follows a batch is given an input of its own, or the batch's id if it takes one.
export const report = defineJob({ name: "report", perform: (input: { batch: number }) => input });
const plain = defineJob({ name: "plain", perform() {} });
async function batches(): Promise<void> {
  const batch = await queue.batch({ onFinish: { job: report }, metadata: [1] }, async (open) => {
    same<typeof open, OpenBatch>(true);
    await open.enqueue(remind, { at: "" });
    // @ts-expect-error wrong input
    await open.enqueue(remind, { on: "" });
  });
  same<typeof batch, OpenBatch>(true);
  await queue.batch({ onSuccess: { job: remind, input: { at: "" }, options: { delay: "1s" } } });
  await queue.batch({
    onFailure: { job: plain },
    onFinish: { job: jobRef<typeof report>("report") },
  });
  // @ts-expect-error it takes another input than the id
  await queue.batch({ onSuccess: { job: remind } });
  // @ts-expect-error wrong input
  await queue.batch({ onSuccess: { job: remind, input: { at: 5 } } });
  // @ts-expect-error a batch cannot be a member of itself
  await queue.batch({ onSuccess: { job: plain, options: { batch: 1 } } });
  await queue.batch(7).seal();
}
void batches;

// Recurring tasks take the input of their job.
void queue.recurring.add("nightly", { job: remind, input: { at: "" }, schedule: "@daily" });
void queue.recurring.add("hourly", { job: plain, schedule: "every 1h", catchUp: "all" });
// @ts-expect-error the input is missing
void queue.recurring.add("nightly", { job: remind, schedule: "@daily" });
// @ts-expect-error wrong input
void queue.recurring.add("nightly", { job: remind, schedule: "@daily", input: { at: 5 } });
// @ts-expect-error the schedule is missing
void queue.recurring.add("nightly", { job: plain });

// A throttle by rate needs the context.
defineIteration({
  name: "sync",
  buildEnumerator: (_input, context) =>
    enumerators.throttle(enumerators.times(5, { cursor: context.cursor }), {
      rate: { key: "eu", limit: 2, per: "1s" },
      context,
    }),
  eachIteration(item, context) {
    same<typeof item, number>(true);
    same<typeof context.batchId, number | null>(true);
    same<ReturnType<JobContext["take"]>, Promise<number>>(true);
  },
});
// @ts-expect-error without it nobody could be asked
enumerators.throttle([], { rate: { key: "eu", limit: 2, per: "1s" } });
