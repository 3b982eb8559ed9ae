// What the compiler knows about jobs. Checked by `tsc -p test/tsconfig.json`; nothing here runs.

import {
  defineIteration,
  defineJob,
  type Enumerator,
  enumerators,
  type InputOf,
  type JobContext,
  type JobDefinition,
  jobRef,
  type Queue,
  type StandardSchema,
} from "@queue-runtime/job";
import { testQueue } from "@queue-runtime/job/testing";

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_same: Same<A, B>): void {}

declare const queue: Queue;
declare const schema: StandardSchema<{ at: string }, { at: Date }>;

// With a schema: its input is enqueued, its output is performed, the result is inferred.
export const remind = defineJob({
  name: "remind",
  input: schema,
  retry: (attempt, _error, input) => (input.at.getTime() > attempt ? "5s" : false),
  async perform(input, context) {
    same<typeof input, { at: Date }>(true);
    same<typeof context, JobContext>(true);
    return input.at.getFullYear();
  },
});
same<typeof remind, JobDefinition<"remind", { at: string }, { at: Date }, number>>(true);
void queue.enqueue(remind, { at: "2026-01-01" }, { delay: "5m" });
void queue.enqueueMany(remind, [{ at: "2026-01-01" }]);
// @ts-expect-error the input is missing
void queue.enqueue(remind);
// @ts-expect-error the input is the schema's input, not its output
void queue.enqueue(remind, { at: new Date() });
// @ts-expect-error no such option
void queue.enqueue(remind, { at: "" }, { delai: "5m" });

// Without a schema: the annotation of `perform` is the input.
export const greet = defineJob({
  name: "greet",
  perform: (input: { name: string }) => `hello ${input.name}`,
});
same<InputOf<typeof greet>, { name: string }>(true);
void queue.enqueue(greet, { name: "Ada" });
// @ts-expect-error a number is no name
void queue.enqueue(greet, { name: 1 });

// With neither, there is nothing to pass and anything may be.
const plain = defineJob({
  name: "plain",
  perform(input) {
    same<typeof input, unknown>(true);
  },
});
void queue.enqueue(plain);

// @ts-expect-error a plain job performs
defineJob({ name: "nothing" });
// @ts-expect-error no such option
defineJob({ name: "typo", timeuot: "5s", perform() {} });

// Iterations: the item comes from the enumerator.
const backfill = defineIteration({
  name: "backfill",
  input: schema,
  buildEnumerator(input, { cursor }) {
    same<typeof input, { at: Date }>(true);
    return enumerators.array([{ id: 1, email: "a@b" }], { cursor });
  },
  eachIteration(user, context) {
    same<typeof user, { id: number; email: string }>(true);
    same<typeof context.stopping, boolean>(true);
  },
  onComplete: () => "all" as const,
});
same<typeof backfill, JobDefinition<"backfill", { at: string }, { at: Date }, "all">>(true);

defineIteration({
  name: "generator",
  async *buildEnumerator(_input, { cursor }: JobContext<number>) {
    for (let page = (cursor ?? 0) + 1; page < 10; page++) yield [`page ${page}`, page];
  },
  eachIteration(item) {
    same<typeof item, string>(true);
  },
});

defineIteration({
  name: "sync.generator",
  *buildEnumerator() {
    yield [true, "a"];
  },
  eachIteration(item) {
    same<typeof item, boolean>(true);
  },
});

defineIteration({
  name: "date.cursor",
  // @ts-expect-error a Date is no cursor
  *buildEnumerator() {
    yield [1, new Date()];
  },
  eachIteration() {},
});

defineIteration({
  name: "nested",
  buildEnumerator: (_input, { cursor }) =>
    enumerators.nested(
      [
        (outer) => enumerators.times(3, { cursor: outer }),
        (shop, inner) => enumerators.array([{ shop, product: "x" }], { cursor: inner }),
      ],
      { cursor },
    ),
  eachIteration(item) {
    same<typeof item, { shop: number; product: string }>(true);
  },
});

defineIteration({
  name: "batches",
  buildEnumerator: (_input, { cursor }) =>
    enumerators.batches(enumerators.csv("users.csv", { cursor }), 100),
  eachIteration(rows) {
    same<typeof rows, Record<string, string>[]>(true);
  },
});

// @ts-expect-error the cursor is not optional: without it every run starts from the beginning
enumerators.times(3);

const written: Enumerator<string, number> = new Map([["a", 1]]);
void written;

// References carry the type of the input and the literal name, and no code.
const ref = jobRef<typeof import("./types.test-d.ts").remind>("remind");
same<typeof ref.name, "remind">(true);
void queue.enqueue(ref, { at: "2026-01-01" });
// @ts-expect-error wrong input
void queue.enqueue(ref, { on: "2026-01-01" });
// @ts-expect-error another job's name
jobRef<typeof remind>("remnid");

// Jobs of every shape fit in one list.
const all: readonly JobDefinition[] = [remind, greet, plain, backfill];
void testQueue({ jobs: [...all, remind] });

// A job enqueues another with the same checks.
defineJob({
  name: "parent",
  async perform(_input, { enqueue }) {
    await enqueue(greet, { name: "Ada" });
    // @ts-expect-error wrong input
    await enqueue(greet, { nom: "Ada" });
  },
});
