// The input of a job when it is claimed: checked again, and transformed now.

import { perform, type StandardSchema } from "@queue-runtime/job";
import { MemoryRun } from "@queue-runtime/job/testing";
import { describe, expect, test } from "vitest";
import { job } from "./support/plain.ts";

describe("the input", () => {
  const validate = (value: unknown) =>
    typeof value === "string"
      ? { value: new Date(value) }
      : { issues: [{ message: "not a date", path: ["at", 0] }] };
  const schema = (check: StandardSchema["~standard"]["validate"]): StandardSchema => ({
    "~standard": { version: 1, vendor: "test", validate: check },
  });
  const seeDate = (input: unknown) => (input as Date).getTime();
  const withInput = (args: string | number | null, input: StandardSchema) =>
    perform(job(seeDate, { input }), new MemoryRun({ job: { args } }));

  test("is transformed by the schema, synchronous or not", async () => {
    const args = new Date(5).toISOString();
    const late = (value: unknown) => Promise.resolve(validate(value));
    // biome-ignore lint/suspicious/noThenProperty: a promise of another kind
    const foreign = (value: unknown) => ({ then: (ok: never) => late(value).then(ok) }) as never;
    for (const input of [validate, late, foreign].map(schema)) {
      expect(await withInput(args, input)).toEqual({ outcome: "finished", result: 5 });
    }
  });

  test("that is not valid any more fails the job without a retry", async () => {
    expect(await withInput(7, schema(validate))).toMatchObject({
      outcome: "failed",
      retryDelayMs: null,
      error: {
        code: "JOB_INVALID_INPUT",
        message: 'the input of job "test" is not valid: at[0]: not a date',
      },
    });
  });

  test("is asked for again as undefined when it was left out", async () => {
    const optional = schema((value) =>
      value === undefined ? { value: new Date(1) } : { issues: [{ message: "no" }] },
    );
    expect(await withInput(null, optional)).toEqual({ outcome: "finished", result: 1 });
  });

  test("whose schema throws may be retried: the schema may have had a bad moment", async () => {
    const broken = schema(() => {
      throw new Error("offline");
    });
    expect(await withInput(1, broken)).toMatchObject({ outcome: "failed", retryDelayMs: 5_000 });
  });

  test("is what was stored where there is no schema", async () => {
    const run = new MemoryRun({ job: { args: { a: 1 } } });
    const echo = job((input) => input);
    expect(await perform(echo, run)).toEqual({ outcome: "finished", result: { a: 1 } });
  });
});
