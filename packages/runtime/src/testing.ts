// Tests of jobs: an in-memory queue with a clock that stands still until it is told to move.

export * from "@queue-runtime/job/testing";
