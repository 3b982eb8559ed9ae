// HUP and `runtime reload`: new code and a new configuration without losing, repeating or
// interrupting more than a stop would; and nothing at all changes when they do not check out.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { childrenOf } from "../support/proc.ts";
import { Project, support } from "../support/project.ts";
import type { RuntimeProcess } from "../support/runtime-process.ts";

const version = (word: string) => `
  import { defineJob } from "queue-runtime";
  import { recorder } from "${support}/record.ts";
  export const job = defineJob({ name: "versioned", perform(_input, context) {
    recorder(context)("ran", { version: ${JSON.stringify(word)} });
  }});
`;

async function workers(project: Project) {
  return (await project.children()).filter(({ kind }) => kind === "worker");
}

/** Which children are up, as the log tells it: never fewer than `least` ready at once. */
function fewestReady(runtime: RuntimeProcess, name: string): number {
  let ready = 0;
  let fewest = Number.POSITIVE_INFINITY;
  let reached = false;
  for (const line of runtime.lines) {
    if (line.child !== name) continue;
    if (line.event === "child-ready") ready++;
    if (line.event === "child-exited") ready--;
    reached ||= ready > 0;
    if (reached) fewest = Math.min(fewest, ready);
  }
  return fewest;
}

test("HUP brings new code and a new configuration, and the new children are ready before the old ones go", async () => {
  await using project = new Project({
    files: { "job.ts": version("old") },
    config: { jobs: "job.ts" },
  });
  const runtime = await project.start().ready();
  await project.enqueue("versioned");
  await project.recorded("ran");
  const before = await workers(project);
  expect(before).toHaveLength(1);

  project.write("job.ts", version("new"));
  project.configure({
    workers: [
      { name: "default", threads: 1, processes: 2 },
      { name: "more", threads: 0 },
    ],
  });
  runtime.signal("SIGHUP");
  await runtime.event("runtime-reloaded");
  await project.enqueue("versioned");
  await project.recorded("ran", 2);
  await runtime.event("child-exited", ({ child_pid }) => child_pid === before[0]!.pid);

  expect(project.records("ran").map((each) => each.version)).toEqual(["old", "new"]);
  const after = await workers(project);
  expect(after.map(({ name }) => name).sort()).toEqual([
    "worker default/1",
    "worker default/2",
    "worker more/1",
  ]);
  expect(after.map(({ pid }) => pid)).not.toContain(before[0]!.pid);
  expect(fewestReady(runtime, "worker default/1")).toBeGreaterThan(0);
  expect(await project.status()).toMatchObject({ running: true, pid: runtime.pid });
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(await project.status()).toMatchObject({ processes: [] });
});

const spoilt = {
  "a key that nobody knows": (project: Project) => project.configure({ wrokers: [] }),
  "YAML that is none": (project: Project) => project.write("queue.yml", "{ workers: ["),
  "a job file that throws": (project: Project) =>
    project.write("job.ts", `throw new Error("bad day");`),
  "a job file that kills its process": (project: Project) =>
    project.write("job.ts", `process.kill(process.pid, "SIGKILL"); for (;;);`),
};

test("what does not check out changes nothing, and the reason is told", async () => {
  const job = { "job.ts": version("old") };
  await using project = new Project({ files: job, config: { jobs: "job.ts" } });
  const runtime = await project.start().ready();
  const pids = async () => (await project.children()).map(({ pid }) => pid);
  const before = await pids();
  let refused = 0;
  for (const [what, spoil] of Object.entries(spoilt)) {
    spoil(project);
    runtime.signal("SIGHUP");
    await runtime.until(() => runtime.events("reload-refused").length > refused, { what });
    const { msg } = runtime.events("reload-refused")[refused++]!;
    expect(msg, what).toMatch(/reload refused, nothing changed: ./);
    project.configure({});
    project.write("job.ts", version("old"));
    expect(await pids(), what).toEqual(before);
  }
  project.write("job.ts", `throw new Error("bad day");`);
  const { code, stderr } = await project.cli("reload", "-c", "queue.yml");
  expect(code).toBe(1);
  expect(stderr).toMatch(/job\.ts.*bad day/);

  await project.becomes(await project.enqueue("versioned"), "finished");
  expect(await pids()).toEqual(before);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(project.pids()).toEqual([]);
});

test("when one new child cannot boot, those that were still booting beside it do not stay", async () => {
  const uneven = `
    import { existsSync } from "node:fs";
    import { isMainThread } from "node:worker_threads";
    if (isMainThread && existsSync("spoilt")) {
      if (process.title.includes("broken")) throw new Error("bad day");
      await new Promise((end) => setTimeout(end, 400));
    }
    ${version("old")}
  `;
  const workers = ["broken", "slow"].map((name) => ({ name, threads: 1 }));
  const files = { "job.ts": uneven };
  await using project = new Project({ files, config: { jobs: "job.ts", workers } });
  const runtime = await project.start().ready();
  const before = runtime.events("child-started").map(({ child_pid }) => child_pid);
  project.write("spoilt", "");
  runtime.signal("SIGHUP");
  await runtime.event("reload-refused");
  const started = runtime.events("child-started").length;
  await runtime.until(() => runtime.events("child-exited").length === started - before.length);
  // long enough for a stray that was started again to get ready
  await project.becomes(await project.enqueue("versioned", {}, { delay: "700ms" }), "finished");
  expect(runtime.events("child-started")).toHaveLength(started);
  expect(childrenOf(runtime.pid).sort()).toEqual(before.sort());
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("what changed while a reload was under way is picked up by one more", async () => {
  const files = { "job.ts": version("old") };
  await using project = new Project({ files, config: { jobs: "job.ts" } });
  const runtime = await project.start().ready();
  const held = `
    import { existsSync, writeFileSync } from "node:fs";
    writeFileSync("${project.path}/loading", "");
    while (!existsSync("${project.path}/gate")) await new Promise((go) => setTimeout(go, 5));
  `;
  project.write("job.ts", held + version("newer"));
  runtime.signal("SIGHUP");
  await runtime.until(() => existsSync(join(project.path, "loading")));
  project.write("job.ts", version("newest"));
  for (let sent = 0; sent < 3; sent++) runtime.signal("SIGHUP");
  // the signals have been taken once it has answered something that was asked later
  expect(await project.status()).toMatchObject({ running: true });
  project.write("gate", "");
  await runtime.until(() => runtime.events("runtime-reloaded").length === 2);
  await project.enqueue("versioned");
  expect((await project.recorded("ran")).map((each) => each.version)).toEqual(["newest"]);
  expect(runtime.events("runtime-reloading")).toHaveLength(2);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("runtime reload answers 0 when the new children are ready, and 1 when nothing runs", async () => {
  await using project = new Project();
  const nobody = await project.cli("reload", "-c", "queue.yml");
  expect(nobody.code).toBe(1);
  const runtime = await project.start().ready();
  const before = await workers(project);
  const { code } = await project.cli("reload", "-c", "queue.yml");
  expect(code).toBe(0);
  expect(runtime.events("runtime-reloaded")).toHaveLength(1);
  await runtime.event("child-exited", ({ child_pid }) => child_pid === before[0]!.pid);
  expect((await workers(project)).map(({ pid }) => pid)).not.toEqual(before.map(({ pid }) => pid));
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a TERM during a reload stops both generations, and nothing is left behind", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  await project.enqueueMany("wait", Array(3).fill({ ms: 200 }));
  for (const offset of [20, 120]) {
    if (runtime.exit) break;
    runtime.signal("SIGHUP");
    await delay(offset);
  }
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(await project.status()).toMatchObject({ processes: [] });
  expect(project.pids()).toEqual([]);
  for (const job of await project.jobs()) expect(job).toMatchObject({ crashes: 0, error: null });
});

test("an old child that is still draining after a reload is stopped by TERM like the others", async () => {
  await using project = new Project({ config: { shutdown_timeout: "2s" } });
  const runtime = await project.start().ready();
  const id = await project.enqueue("wait", { ms: 60_000 });
  await project.recorded("start");
  runtime.signal("SIGHUP");
  await runtime.event("runtime-reloaded");
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(await project.job(id)).toMatchObject({ state: "ready", attempts: 0, crashes: 0 });
  expect(project.pids()).toEqual([]);
});
