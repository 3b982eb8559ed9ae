// Lifecycle hooks: in order, once per life of a process, and never able to stop a boot or a
// shutdown.

import { expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { Project, support } from "../support/project.ts";
import { monotonic } from "../support/runtime-process.ts";

const head = `
  import * as runtime from "queue-runtime";
  import { record } from "${support}/record.ts";
  const pause = (ms) => new Promise((end) => setTimeout(end, ms));
`;
const names = [
  ...["onStart", "onStop", "onExit", "onWorkerStart", "onWorkerStop", "onWorkerExit"],
  ...["onDispatcherStart", "onDispatcherStop", "onDispatcherExit"],
];

function recording(project: Project, pid: number): string[] {
  return project
    .records()
    .filter((each) => each.pid === pid)
    .map(({ event }) => event);
}

test("hooks run once per process, in order, awaited, and know their process", async () => {
  const every = `${head}
    for (const name of ${JSON.stringify(names)}) {
      runtime[name](async (process) => { await pause(5); record(name + " 1", { process }); });
      runtime[name]((process) => record(name + " 2", { process }));
    }
  `;
  await using project = new Project({ files: { "hooks.ts": every } });
  const runtime = await project.start().ready();
  const { processes } = await project.status();
  await project.enqueue("wait", { ms: 200 });
  await project.recorded("start");
  expect(await runtime.stop()).toMatchObject({ code: 0 });

  const both = (...moments: string[]) => moments.flatMap((each) => [`${each} 1`, `${each} 2`]);
  expect(recording(project, runtime.pid)).toEqual(both("onStart", "onStop", "onExit"));
  const pidOf = (kind: string) => processes.find((each) => each.kind === kind)!.pid;
  expect(recording(project, pidOf("worker"))).toEqual([
    ...both("onWorkerStart"),
    "start",
    ...both("onWorkerStop"),
    "end",
    ...both("onWorkerExit"),
  ]);
  expect(recording(project, pidOf("dispatcher"))).toEqual(
    both("onDispatcherStart", "onDispatcherStop", "onDispatcherExit"),
  );
  for (const { event, process, pid } of project.records()) {
    if (!process) continue;
    const { id, kind, name } = processes.find((each) => each.pid === pid)!;
    expect(process, event).toEqual({ kind, name, pid, processId: id });
  }
  const at = (event: string) => project.records(event)[0]!.at;
  expect(at("onStart 2")).toBeLessThan(at("onWorkerStart 1"));
  expect(at("onStop 1")).toBeLessThan(at("onWorkerStop 1"));
  expect(at("onWorkerExit 2")).toBeLessThan(at("onExit 1"));
});

test("hooks registered in a job module run in its worker, also when it is loaded on threads", async () => {
  const job = `${head}
    runtime.onWorkerStart(() => record("from the job module"));
    export const job = runtime.defineJob({ name: "job", perform() {} });
  `;
  await using project = new Project({ files: { "job.ts": job }, config: { jobs: "job.ts" } });
  const runtime = await project.start().ready();
  await runtime.stop();
  expect(project.records("from the job module")).toHaveLength(1);
});

test("a hook that throws is reported, and neither boot nor shutdown minds", async () => {
  const throwing = `${head}
    for (const name of ${JSON.stringify(names)}) {
      runtime[name](() => { throw new Error("no luck in " + name); });
      runtime[name](() => record(name));
    }
  `;
  await using project = new Project({ files: { "hooks.ts": throwing } });
  const runtime = await project.start().ready();
  const id = await project.enqueue("quick");
  await project.becomes(id, "finished");
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  for (const name of names) {
    expect(project.records(name), name).toHaveLength(1);
    const [line, ...more] = runtime.events("hook-failed").filter(({ msg }) => msg?.includes(name));
    expect(line?.msg).toBe(`hook ${name} #1: Error: no luck in ${name}`);
    expect(more).toEqual([]);
  }
});

test("hooks that hang are cut off: boot goes on, and the shutdown still ends in time", async () => {
  const hanging = `${head}
    for (const name of ${JSON.stringify(names)}) runtime[name](() => { record(name); return new Promise(() => {}); });
  `;
  const timeout = 3_000;
  const config = { shutdown_timeout: `${timeout}ms` };
  await using project = new Project({ files: { "hooks.ts": hanging }, config });
  const runtime = await project.start().ready();
  const short = await project.enqueue("wait", { ms: 300 });
  const stubborn = await project.enqueue("wait", { ms: 60_000 });
  await project.recorded("start", 2);
  const began = monotonic();
  const exit = await runtime.stop();
  expect(exit.code).toBe(0);
  expect(exit.at - began).toBeLessThan(0.93 * timeout + within(100));
  expect(await project.job(short)).toMatchObject({ state: "finished", attempts: 1 });
  expect(await project.job(stubborn)).toMatchObject({ state: "ready", attempts: 0 });
  for (const name of names) expect(project.records(name), name).toHaveLength(1);
  expect(runtime.events("hook-failed")).toHaveLength(names.length);
  expect(await project.status()).toMatchObject({ processes: [] });
});

test("a stop hook of a worker that blocks does not delay the flag: its jobs see it at once", async () => {
  const slow = `${head} runtime.onWorkerStop(() => pause(800));`;
  await using project = new Project({ files: { "hooks.ts": slow } });
  const runtime = await project.start().ready();
  await project.enqueue("spin", { ms: 30_000, polite: true });
  await project.recorded("start");
  const began = monotonic();
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  const [stopping] = project.records("stopping");
  expect(stopping!.at - began).toBeLessThan(within(150));
});

test("a slow onStop hook of the supervisor holds up the TERM to its children by 50 ms at most", async () => {
  const slow = `${head} runtime.onStop(async () => { await pause(600); record("stopped"); });`;
  await using project = new Project({ files: { "hooks.ts": slow } });
  const runtime = await project.start().ready();
  await project.enqueue("spin", { ms: 30_000, polite: true });
  await project.recorded("start");
  const began = monotonic();
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  const [stopping] = project.records("stopping");
  expect(stopping!.at - began).toBeLessThan(within(150));
  expect(project.records("stopped")).toHaveLength(1);
});
