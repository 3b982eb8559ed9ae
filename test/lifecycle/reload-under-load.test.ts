// What jobs notice of reloads while they run: an iteration is interrupted, and that is all. Whatever
// else a reload does is in reload.test.ts, for which one store is enough.

import { expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { Project } from "../support/project.ts";

/** They last longer than a reload takes where others keep the machine busy. */
const items = 300;

test("under load, reload after reload loses no job, runs none twice and burns no attempt", async () => {
  await using project = new Project({
    config: {
      workers: [{ name: "default", processes: 2, threads: 2 }],
      // whoever is slow on a busy machine is not frozen
      process: { heartbeat_interval: "200ms", alive_threshold: "10s", startup_timeout: "20s" },
    },
  });
  const runtime = await project.start().ready();
  const plain = await project.enqueueMany("wait", Array(120).fill({ ms: 60 }));
  const long = await project.enqueueMany("items", Array(2).fill({ count: items, ms: 15 }), {
    priority: -1,
  });
  for (let reloads = 1; reloads <= 3; reloads++) {
    runtime.signal("SIGHUP");
    await runtime.until(() => runtime.events("runtime-reloaded").length === reloads, {
      deadlineMs: within(30_000),
    });
  }
  await project.recorded("end", plain.length, { deadlineMs: within(20_000) });
  for (const id of long) await project.becomes(id, "finished", { deadlineMs: within(20_000) });

  const jobs = await project.jobs();
  expect(jobs).toHaveLength(plain.length + long.length);
  for (const job of jobs) expect(job).toMatchObject({ state: "finished", attempts: 1, crashes: 0 });
  const starts = project.records("start").map(({ job }) => job);
  expect(starts).toHaveLength(plain.length);
  expect(new Set(starts).size).toBe(plain.length);
  for (const id of long) {
    const done = project
      .records("item")
      .filter(({ job }) => job === id)
      .map(({ item }) => item);
    expect(done).toEqual(Array.from({ length: items }, (_, item) => item));
  }
  expect(jobs.some(({ interruptions }) => interruptions > 0)).toBe(true);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});
