// A worker that frees a slot takes what waited for it, without being told by anybody.

import type { Gate } from "@queue-runtime/store";
import { defineJob } from "queue-runtime";
import { expect, it } from "vitest";
import { within } from "../support/pace.ts";
import { waitFor } from "../support/wait-for.ts";
import { newWorker } from "./support/worker-world.ts";

const noop = defineJob({ name: "noop", perform() {} });
const gate: Gate = {
  kind: "concurrency",
  key: "noop/one",
  limit: 1,
  ms: 60_000,
  onConflict: "block",
};

it.each(["key", "queue"])(
  "works off a chain of jobs that share the one slot of a %s",
  async (of) => {
    await using world = await newWorker(noop);
    const { jobs, queues } = world.store;
    if (of === "queue") await queues.set("default", { slots: 1, rate: null, fair: false });
    const row = { name: "noop", ...(of === "key" && { gates: [gate] }) };
    await jobs.enqueue(Array(30).fill(row));
    expect(await jobs.count()).toMatchObject({ ready: 1, blocked: 29 });
    world.worker.hear("ready");
    await waitFor(async () => (await jobs.count()).finished === 30, { deadlineMs: within(20_000) });
  },
);
