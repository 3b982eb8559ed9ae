// Several runtimes: on one configuration, where only one may live, and on one store.

import { expect, test } from "vitest";
import { Project } from "../support/project.ts";

test("a second start on the same configuration exits 1, names the first, and disturbs nothing", async () => {
  await using project = new Project();
  const first = await project.start().ready();
  const second = project.start();
  expect(await second.ended()).toMatchObject({ code: 1 });
  await second.until(() => second.text.join("\n").includes(`pid ${first.pid}`));
  const id = await project.enqueue("quick");
  await project.becomes(id, "finished");
  expect(await first.stop()).toMatchObject({ code: 0 });
});

test("a runtime that was killed does not keep the next one from starting", async () => {
  await using project = new Project();
  const first = await project.start().ready();
  await first.stop("SIGKILL");
  const second = await project.start().ready();
  expect(await second.stop()).toMatchObject({ code: 0 });
});

test("two runtimes with sockets of their own share one store and its work", async () => {
  await using project = new Project();
  project.write(
    "other.yml",
    JSON.stringify({ ...project.config, control: { socket: "other.sock" } }),
  );
  const one = await project.start().ready();
  const two = await project.start([], { config: "other.yml" }).ready();
  const ids = await project.enqueueMany("wait", Array(24).fill({ ms: 60 }));
  await project.recorded("end", ids.length);
  const workers = new Set(project.records("end").map(({ pid }) => pid));
  expect(workers.size).toBe(2);
  expect(project.records("start")).toHaveLength(ids.length);
  expect(await one.stop()).toMatchObject({ code: 0 });
  await project.becomes(await project.enqueue("quick"), "finished");
  expect(await two.stop()).toMatchObject({ code: 0 });
});

test("heartbeats go on while a worker drains longer than alive_threshold, and nobody prunes it", async () => {
  await using project = new Project({ config: { control: { socket: "one.sock" } } });
  const runtime = await project.start().ready();
  // another runtime on the same store, whose dispatcher prunes whoever is silent
  const others = { ...project.config, workers: [], control: { socket: "two.sock" } };
  project.write("other.yml", JSON.stringify(others));
  const other = await project.start([], { config: "other.yml" }).ready();
  const id = await project.enqueue("wait", { ms: 2_000 });
  await project.recorded("start");
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1, crashes: 0 });
  expect(other.events("process-pruned")).toEqual([]);
  expect(await other.stop()).toMatchObject({ code: 0 });
});
