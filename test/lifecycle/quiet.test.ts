// Quiet: nothing new is claimed, what runs goes on. By TSTP and CONT, and by `runtime quiet
// [--off]`.

import { expect, test } from "vitest";
import { Project, support } from "../support/project.ts";

/**
 * No job is claimed while quiet: the one that waits is still ready after the one that runs ended.
 */
test("TSTP makes it quiet until CONT: running jobs end, waiting ones wait", async () => {
  await using project = new Project({ config: { workers: [{ name: "default", threads: 1 }] } });
  const runtime = await project.start().ready();
  const running = await project.enqueue("items", { count: 20, ms: 20 });
  await project.recorded("item");
  runtime.signal("SIGTSTP");
  await runtime.event("runtime-quiet", ({ on }) => on === true);
  const waiting = await project.enqueue("quick");
  await project.becomes(running, "finished");
  // it went through in one run: quiet never raises the flag
  expect(await project.job(running)).toMatchObject({ interruptions: 0, attempts: 1 });
  expect(await project.job(waiting)).toMatchObject({ state: "ready" });
  expect(await project.status()).toMatchObject({ running: true });
  const states = (await project.children()).map(({ state }) => state);
  expect(states).toEqual(["quiet", "quiet"]);

  runtime.signal("SIGCONT");
  await project.becomes(waiting, "finished");
  expect((await project.children()).map(({ state }) => state)).toEqual(["running", "running"]);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("runtime quiet says so, also to a worker that starts later and to a reloaded one", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  expect(await project.cli("quiet", "-c", "queue.yml")).toMatchObject({ code: 0 });
  const [worker] = (await project.children()).filter(({ kind }) => kind === "worker");
  process.kill(worker!.pid, "SIGTERM");
  const next = await runtime.event("child-ready", ({ child, child_pid }) => {
    return child === worker!.name && child_pid !== worker!.pid;
  });
  runtime.signal("SIGHUP");
  await runtime.event("runtime-reloaded");
  await runtime.event("child-exited", ({ child_pid }) => child_pid === next.child_pid);

  const id = await project.enqueue("quick");
  const { processes } = await project.status();
  expect(processes.map(({ state }) => state)).toEqual(["quiet", "quiet", "quiet"]);
  expect(await project.job(id)).toMatchObject({ state: "ready" });
  expect(await project.cli("quiet", "--off", "-c", "queue.yml")).toMatchObject({ code: 0 });
  await project.becomes(id, "finished");
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a TSTP during the boot is kept: children come up quiet", async () => {
  const hooks = `
    import { onStart } from "queue-runtime";
    import { record } from "${support}/record.ts";
    onStart(async () => { record("slow"); await new Promise((end) => setTimeout(end, 300)); });
  `;
  await using project = new Project({ files: { "hooks.ts": hooks } });
  const id = await project.enqueue("quick");
  const runtime = project.start();
  await project.recorded("slow");
  runtime.signal("SIGTSTP");
  await runtime.ready();
  const { processes } = await project.status();
  expect(processes.map(({ state }) => state)).toEqual(["quiet", "quiet", "quiet"]);
  expect(await project.job(id)).toMatchObject({ state: "ready" });
  runtime.signal("SIGCONT");
  await project.becomes(id, "finished");
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a TSTP while children load reaches those that are not ready yet", async () => {
  const slow = `
    import { defineJob } from "queue-runtime";
    import { isMainThread } from "node:worker_threads";
    import { record } from "${support}/record.ts";
    if (isMainThread) {
      record("loading");
      await new Promise((end) => setTimeout(end, 300));
    }
    export const job = defineJob({ name: "job", perform() {} });
  `;
  await using project = new Project({ files: { "slow.ts": slow }, config: { jobs: "slow.ts" } });
  const id = await project.enqueue("job");
  const runtime = project.start();
  await project.recorded("loading");
  runtime.signal("SIGTSTP");
  await runtime.ready();
  const [worker] = (await project.children()).filter(({ kind }) => kind === "worker");
  expect(worker?.state).toBe("quiet");
  expect(await project.job(id)).toMatchObject({ state: "ready" });
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a quiet runtime stops like any other", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  const id = await project.enqueue("wait", { ms: 300 });
  await project.recorded("start");
  runtime.signal("SIGTSTP");
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1 });
});
