// Enqueueing, as applications do it: on real SQLite files.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { defineJob, jobRef, openQueue, type Queue, type StandardSchema } from "@queue-runtime/job";
import { openStore } from "@queue-runtime/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const schema: StandardSchema<{ to: string }, { to: string; sent: Date }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const { to } = (value ?? {}) as { to?: unknown };
      if (typeof to === "string") return { value: { to, sent: new Date() } };
      return { issues: [{ message: "expected a text", path: ["to"] }, { message: "try again" }] };
    },
  },
};
const mail = defineJob({ name: "mail", queue: "post", priority: 3, input: schema, perform() {} });
const plain = defineJob({ name: "plain", perform() {} });

let folder: string;
let file: string;
let queue: Queue;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "queue-"));
  file = join(folder, "deep/queue.sqlite");
  queue = await openQueue(`sqlite:${file}`);
});

afterEach(async () => {
  await queue.close();
  rmSync(folder, { recursive: true });
});

async function rows() {
  const store = await openStore(`sqlite:${file}`);
  const jobs = await store.jobs.list({ limit: 1_000 });
  await store.close();
  return jobs;
}

// What plain JavaScript and casts can pass.
const enqueue = (...args: unknown[]) => (queue.enqueue as (...args: unknown[]) => unknown)(...args);

describe("enqueue", () => {
  test("answers the id and the outcome, and stores the job's own queue and priority", async () => {
    const answer = await queue.enqueue(mail, { to: "ada" });
    expect(answer).toEqual({ id: expect.any(Number), outcome: "created" });
    expect(await rows()).toMatchObject([
      { id: answer.id, name: "mail", queue: "post", priority: 3, state: "ready", label: null },
    ]);
  });

  test("stores the input as it was given, not as the schema transforms it", async () => {
    await queue.enqueue(mail, { to: "ada" });
    expect((await rows())[0]?.args).toEqual({ to: "ada" });
  });

  test("lets options win over the job", async () => {
    await queue.enqueue(
      mail,
      { to: "ada" },
      { queue: "slow", priority: -1, label: "for Ada", delay: "10m" },
    );
    const [job] = await rows();
    expect(job).toMatchObject({
      queue: "slow",
      priority: -1,
      label: "for Ada",
      state: "scheduled",
    });
    expect(job!.runAt - job!.createdAt).toBe(600_000);
  });

  test("takes a Date or milliseconds, and the past means at once", async () => {
    const at = new Date("2100-01-01T00:00:00.000Z");
    await queue.enqueue(plain, null, { at });
    await queue.enqueue(plain, null, { at: at.getTime() });
    await queue.enqueue(plain, null, { at: new Date("1960-01-01") });
    expect((await rows()).map(({ state }) => state)).toEqual(["scheduled", "scheduled", "ready"]);
    expect((await rows())[0]?.runAt).toBe(at.getTime());
  });

  test("by reference needs no code, and leaves the check to the worker", async () => {
    await queue.enqueue(jobRef<typeof mail>("mail", { queue: "post" }), { to: "ada" });
    expect(await rows()).toMatchObject([{ name: "mail", queue: "post", priority: 0 }]);
  });

  test("can be taken out of the queue", async () => {
    const { enqueue: put } = queue;
    await put(plain);
    expect(await rows()).toMatchObject([{ name: "plain", args: null }]);
  });

  test.for<[unknown[], string]>([
    [[mail, {}], 'the input of job "mail" is not valid: to: expected a text; try again'],
    [[mail], 'the input of job "mail" is not valid: to: expected a text; try again'],
    [
      [plain, { when: [new Date(0)] }],
      "input.when[0] is a Date, which JSON would change; use toISOString()",
    ],
    [[plain, { a: undefined }], "input.a is undefined, which JSON drops; leave it out or use null"],
    [
      [plain, "x".repeat(1_100_000)],
      "input is larger than 1,048,576 bytes as JSON; store it elsewhere and pass a reference",
    ],
    [[undefined], "the first argument must be a job or a jobRef, not undefined"],
    [["plain"], "the first argument must be a job or a jobRef, not a string"],
    [[function send() {}], "the first argument must be a job or a jobRef, not a function"],
    [[{ name: "12" }], "a job name may not be a bare integer"],
    [[{ name: "" }], "a job name may not be empty"],
    [[plain, 1, { dely: "5s" }], 'enqueueing "plain" has no option "dely"; did you mean "delay"?'],
    [[plain, 1, { delay: "soon" }], 'enqueueing "plain": delay: "soon" is not a duration'],
    [[plain, 1, { delay: "1s", at: 5 }], 'enqueueing "plain": give delay or at, not both'],
    [
      [plain, 1, { at: new Date("never") }],
      'enqueueing "plain": at must be a valid Date or milliseconds since 1970',
    ],
    [[plain, 1, { priority: "high" }], 'enqueueing "plain": priority must be a whole number'],
    [[plain, 1, { queue: "*" }], 'enqueueing "plain": a queue name may not contain *'],
    [[plain, 1, { label: 5 }], 'enqueueing "plain": label must be a string, not a number'],
    [[plain, 1, null], 'enqueueing "plain" takes an object of options, not null'],
  ])("refuses with a sentence and leaves no row: %#", async ([args, sentence]) => {
    await expect(enqueue(...args)).rejects.toThrow(sentence);
    expect(await rows()).toEqual([]);
  });

  test("tells a program which problems the input has", async () => {
    await expect(enqueue(mail, {})).rejects.toMatchObject({
      code: "JOB_INVALID_INPUT",
      issues: ["to: expected a text", "try again"],
    });
    await expect(enqueue(plain, { at: 5n })).rejects.toMatchObject({
      code: "JOB_NOT_JSON",
      path: "input.at",
    });
  });
});

describe("enqueueMany", () => {
  test("answers one by one, in order", async () => {
    const inputs = Array.from({ length: 100 }, (_, index) => ({ to: `user ${index}` }));
    const answers = await queue.enqueueMany(mail, inputs, { label: "all" });
    const stored = new Map((await rows()).map((job) => [job.id, job]));
    expect(answers.map(({ id }) => stored.get(id)?.args)).toEqual(inputs);
  });

  test("of nothing does nothing", async () => {
    expect(await queue.enqueueMany(mail, [])).toEqual([]);
  });

  test("also checks with a schema that takes its time", async () => {
    const slow: typeof schema = {
      "~standard": {
        ...schema["~standard"],
        validate: async (v) => schema["~standard"].validate(v),
      },
    };
    const job = defineJob({ name: "slow", input: slow, perform() {} });
    await queue.enqueueMany(job, [{ to: "ada" }, { to: "bob" }]);
    expect((await rows()).map(({ args }) => args)).toEqual([{ to: "ada" }, { to: "bob" }]);
    const inputs = [{ to: "ada" }, { to: 5 }] as { to: string }[];
    await expect(queue.enqueueMany(job, inputs)).rejects.toThrow("input 1 of 2: the input of");
    const mixed = [{ to: 5 }, { to: new Date() }] as unknown as { to: string }[];
    await expect(queue.enqueueMany(job, mixed)).rejects.toThrow("input 1 of 2: input.to is a Date");
  });

  test("enqueues all or none, and says which input is wrong", async () => {
    const inputs = [{ to: "ada" }, { to: 5 }] as { to: string }[];
    await expect(queue.enqueueMany(mail, inputs)).rejects.toThrow(
      'input 1 of 2: the input of job "mail" is not valid: to: expected a text; try again',
    );
    expect(await rows()).toEqual([]);
  });
});

describe("in a transaction", () => {
  test("jobs live and die with it", async () => {
    const database = new DatabaseSync(file);
    database.exec("BEGIN IMMEDIATE");
    await queue.in(database).enqueue(mail, { to: "nobody" });
    database.exec("ROLLBACK");
    expect(await rows()).toEqual([]);
    database.exec("BEGIN IMMEDIATE");
    const answers = queue.in(database).enqueueMany(mail, [{ to: "ada" }, { to: "bob" }]);
    database.exec("COMMIT");
    await answers;
    database.close();
    expect((await rows()).map(({ args }) => args)).toEqual([{ to: "ada" }, { to: "bob" }]);
  });
});

describe("openQueue", () => {
  test("creates the store, with its folder", () => {
    expect(existsSync(file)).toBe(true);
  });

  test("refuses a store without a schema when it may not migrate", async () => {
    const url = `sqlite:${join(folder, "empty.sqlite")}`;
    await expect(openQueue(url, { migrate: false })).rejects.toMatchObject({
      name: "StoreError",
      code: "old-schema",
    });
    await (await openQueue(url)).close();
    await using opened = await openQueue(url, { migrate: false });
    expect(await opened.enqueue(plain)).toMatchObject({ outcome: "created" });
  });

  test("refuses what is no store with a sentence", async () => {
    await expect(openQueue("mysql://x")).rejects.toThrow('no store is known for "mysql:"');
    await expect(openQueue(undefined as never)).rejects.toThrow("openQueue needs the URL");
    await expect(openQueue("sqlite::memory:", { migrat: true } as never)).rejects.toThrow(
      'did you mean "migrate"?',
    );
  });
});
