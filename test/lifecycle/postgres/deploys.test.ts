// Old and new code on one database: what the old does not know waits for the new, rolling restarts
// cost no job anything, and a database of the future is left alone.

import { expect, test } from "vitest";
import { contradictions } from "../../support/crash-check.ts";
import { CrashProject } from "../../support/crash-project.ts";
import { onHost } from "../../support/host.ts";
import { Load } from "../../support/load.ts";
import { execute } from "../../support/postgres/databases.ts";
import { jobsAtRest } from "../../support/postgres/history.ts";
import { temporaryDatabase } from "../../support/postgres.ts";
import type { RuntimeProcess } from "../../support/runtime-process.ts";

const newJob = `
import { defineJob } from "queue-runtime";
export const brandNew = defineJob({ name: "brand.new", perform: () => "done by the new" });
`;

/** Two hosts of the same deployment; `new.yml` is that of the next version. */
function deployment(store: string): CrashProject {
  const project = new CrashProject(
    { store, workers: [{ threads: 1, concurrency: 4 }], log: { level: "info" } },
    { files: { "new/job.ts": newJob } },
  );
  const { jobs } = project.config as { jobs: readonly string[] };
  for (const host of ["a", "b"]) {
    const control = { socket: `./${host}.sock` };
    project.configureAs(`old-${host}.yml`, { control });
    project.configureAs(`new-${host}.yml`, { control, jobs: [...jobs, "./new/job.ts"] });
  }
  return project;
}

function start(project: CrashProject, version: "old" | "new", host: "a" | "b"): RuntimeProcess {
  return project.start([], { config: `${version}-${host}.yml`, wrapper: onHost(`host-${host}`) });
}

test("a deploy of new code, host by host under load: its jobs wait for it, and nothing else is touched", async () => {
  await using database = await temporaryDatabase();
  await using project = deployment(database.url);
  let hosts = await Promise.all([
    start(project, "old", "a").ready(),
    start(project, "old", "b").ready(),
  ]);
  const load = await Load.on(database.url);
  const ahead = await project.enqueue("brand.new");
  // three restarts of each: the same version, the next, and the next again
  for (const version of ["old", "new", "new"] as const) {
    if (version === "new") expect(await stateOf(database.url, ahead)).toMatch(/ready|finished/);
    else expect(await stateOf(database.url, ahead)).toBe("ready");
    for (const [index, host] of (["a", "b"] as const).entries()) {
      expect(await hosts[index]!.stop()).toMatchObject({ code: 0 });
      const next = await start(project, version, host).ready();
      hosts = hosts.with(index, next) as typeof hosts;
      await load.urgent();
    }
  }
  await load.stop();
  const jobs = await jobsAtRest(database.url);
  const brandNew = jobs.find(({ id }) => id === ahead);
  expect(brandNew).toMatchObject({ state: "finished", attempts: 1, fence: 1 });
  for (const job of jobs) expect(job).toMatchObject({ state: "finished", attempts: 1, crashes: 0 });
  const rest = jobs.filter(({ id }) => id !== ahead);
  const evidence = { acknowledged: load.known(rest), jobs: rest, records: project.records() };
  expect(contradictions({ ...evidence, kills: [], stops: true }).slice(0, 10)).toEqual([]);
  for (const host of hosts) expect(await host.stop()).toMatchObject({ code: 0 });
}, 300_000);

async function stateOf(url: string, id: number): Promise<string> {
  const rows = await execute<{ state: string }>(
    url,
    `SELECT state FROM queue_runtime.all_jobs WHERE id = ${id}`,
  );
  return rows[0]!.state;
}

test("three versions that migrate an empty database at once: one does, and all of them run", async () => {
  await using database = await temporaryDatabase();
  await using project = deployment(database.url);
  const runtimes = [start(project, "old", "a"), start(project, "new", "b")];
  const [migrated] = await Promise.all([
    project.cli("migrate", "-c", "queue.yml"),
    ...runtimes.map((runtime) => runtime.ready()),
  ]);
  expect(migrated).toMatchObject({ code: 0 });
  const versions = "SELECT count(*)::int AS rows FROM queue_runtime.schema_version";
  expect(await execute(database.url, versions)).toEqual([{ rows: 1 }]);
  for (const runtime of runtimes) expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a database of a newer version: start ends with exit 78 and one sentence; those that run go on", async () => {
  await using database = await temporaryDatabase();
  await using project = deployment(database.url);
  const running = await start(project, "old", "a").ready();
  const future = "INSERT INTO queue_runtime.schema_version (version) VALUES (99)";
  await execute(database.url, future);
  const late = start(project, "old", "b");
  expect(await late.ended()).toMatchObject({ code: 78 });
  await late.until(() => late.text.length > 0, { what: "the reason" });
  expect(late.text).toHaveLength(1);
  expect(late.text[0]).toMatch(/has schema 99, and this version knows \d+: install the version/);
  // additive within a major version: whoever runs already goes on
  await execute(database.url, `SELECT queue_runtime.enqueue('quick', '1')`);
  const [job] = await jobsAtRest(database.url);
  expect(job).toMatchObject({ name: "quick", state: "finished", attempts: 1 });
  expect(await running.stop()).toMatchObject({ code: 0 });
});
