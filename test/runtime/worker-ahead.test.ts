// A worker whose store is a round trip away does not sit idle meanwhile.

import { defineJob } from "queue-runtime";
import { expect, it } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import { newWorkerOf } from "./support/worker-world.ts";

it("asks for the next jobs before it runs the many it has", async () => {
  const total = 2_000;
  let meanwhile = 0;
  const noop = defineJob({
    name: "noop",
    perform() {
      meanwhile += world.link.underWay;
    },
  });
  await using world = await newWorkerOf(100, noop);
  world.link.latencyMs = 20;
  await world.store.jobs.enqueue(Array(total).fill({ name: "noop" }));
  world.worker.hear("ready");
  await waitFor(async () => (await world.store.jobs.count()).finished === total);
  // how many depends on the pace of the machine; 0 when it asks only after they ran
  expect(meanwhile).toBeGreaterThan(total / 10);
});
