// When a failed job runs again.

import { defineJob, type RetryOptions, type RetryPolicy, retryDelayMs } from "@queue-runtime/job";
import { expect, test } from "vitest";

function delays(retry: RetryOptions, random: number): (number | null)[] {
  const { retry: policy } = defineJob({ name: "a", retry, perform() {} });
  return [1, 2, 3, 4, 5].map((attempt) => retryDelayMs(policy as RetryPolicy, attempt, random));
}

test("the delay doubles with each retry until the limit", () => {
  expect(delays({}, 0)).toEqual([5_000, 10_000, 20_000, null, null]);
});

test("jitter adds up to its fraction", () => {
  expect(delays({ jitter: 0.5 }, 0.9999999)).toEqual([7_500, 15_000, 30_000, null, null]);
});

test("no delay is longer than max or shorter than base", () => {
  const retry = { limit: 9, base: "10s", max: "25s", jitter: 1 } as const;
  for (const random of [0, 0.5, 0.9999999]) {
    for (const delay of delays(retry, random)) {
      expect(delay).toBeGreaterThanOrEqual(10_000);
      expect(delay).toBeLessThanOrEqual(25_000);
    }
  }
});

test("jobs that reached the longest delay are still spread", () => {
  const retry = { limit: 9, base: "1s", max: "8s" } as const;
  expect(delays(retry, 0)[4]).toBeLessThan(delays(retry, 0.9999999)[4]!);
});

test("a constant backoff stays", () => {
  expect(delays({ limit: 4, backoff: "constant", base: "3s", jitter: 0 }, 0.5)).toEqual([
    3_000,
    3_000,
    3_000,
    3_000,
    null,
  ]);
});

test("limit 0 means no retry", () => {
  expect(delays({ limit: 0 }, 0)).toEqual([null, null, null, null, null]);
});

test("a base longer than an hour is its own longest delay", () => {
  expect(delays({ base: "2h", jitter: 0 }, 0)[0]).toBe(7_200_000);
});

test("a huge attempt number does not overflow", () => {
  const { retry } = defineJob({
    name: "a",
    retry: { limit: 10_000, max: "1d", jitter: 0 },
    perform() {},
  });
  expect(retryDelayMs(retry as RetryPolicy, 5_000, 0.9999999)).toBe(86_400_000);
});
