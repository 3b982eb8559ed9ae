// Any number of dispatchers at once: what is due becomes ready on time, and once.

import { expect, test } from "vitest";
import { CrashProject } from "../../support/crash-project.ts";
import { onHost } from "../../support/host.ts";
import { within } from "../../support/pace.ts";
import { jobsAtRest } from "../../support/postgres/history.ts";
import { temporaryDatabase } from "../../support/postgres.ts";

const lateMs = 1_500;

test("three runtimes dispatch 600 scheduled jobs: each once, none early, none late", async () => {
  await using database = await temporaryDatabase();
  await using project = new CrashProject({
    store: database.url,
    workers: [{ threads: 1, concurrency: 8 }],
    log: { level: "debug" },
  });
  const names = ["one", "two", "three"];
  for (const name of names) {
    project.configureAs(`${name}.yml`, { control: { socket: `./${name}.sock` } });
  }
  const start = (name: string) =>
    project.start([], { config: `${name}.yml`, wrapper: onHost(name) }).ready();
  const runtimes = await Promise.all(names.map(start));
  const ids: number[] = [];
  for (let batch = 0; batch < 20; batch++) {
    const inputs = Array.from({ length: 30 }, () => ({ ms: 0 }));
    ids.push(...(await project.enqueueMany("blink", inputs, { delay: 500 + 100 * batch })));
  }
  const jobs = await jobsAtRest(database.url);
  expect(jobs.map(({ id }) => id)).toEqual(ids);
  const waits = jobs.map((job) => Number(job.started_at) - Number(job.run_at));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...waits)).toBeLessThan(within(lateMs));
  // a busy worker hands back what it holds ahead, which raises the fence and counts as nothing
  for (const job of jobs) expect(job).toMatchObject({ state: "finished", attempts: 1 });
  expect(project.records("began")).toHaveLength(ids.length);

  for (const runtime of runtimes) expect(await runtime.stop()).toMatchObject({ code: 0 });
  const moved = runtimes.map((runtime) =>
    runtime.events("jobs-dispatched").reduce((sum, line) => sum + Number(line.moved), 0),
  );
  expect(moved.reduce((sum, each) => sum + each)).toBe(ids.length);
  expect(moved.filter((each) => each > 0).length).toBeGreaterThan(1);
});
