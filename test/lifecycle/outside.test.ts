// What others see of a runtime: probes, `status`, `ps`, the answer of `runtime stop`, and PID 1.

import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { childrenOf, residentBytes, titleOf } from "../support/proc.ts";
import { Project, support } from "../support/project.ts";
import { waitFor } from "../support/wait-for.ts";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("readiness is 503 until all children are up and from the TERM on; liveness is 200 all along", async () => {
  const hooks = `
    import { onWorkerStart } from "queue-runtime";
    import { record } from "${support}/record.ts";
    onWorkerStart(async () => { record("booting"); await new Promise((end) => setTimeout(end, 400)); });
  `;
  const port = await freePort();
  const config = { control: { http: `127.0.0.1:${port}` } };
  await using project = new Project({ files: { "hooks.ts": hooks }, config });
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  const probes = async () => [await get("/livez"), await get("/readyz")];

  const runtime = project.start();
  await project.recorded("booting");
  expect(await probes()).toEqual([200, 503]);
  await runtime.ready();
  expect(await probes()).toEqual([200, 200]);
  await project.enqueue("wait", { ms: within(700) });
  await project.recorded("start");
  runtime.signal("SIGTERM");
  await waitFor(async () => (await get("/readyz")) === 503, {
    deadlineMs: within(200),
    everyMs: 2,
  });
  expect(await probes()).toEqual([200, 503]);
  expect(await runtime.ended()).toMatchObject({ code: 0 });
});

test("status tells the truth about every process, and ps shows who is who", async () => {
  const workers = [{ name: "mail", threads: 2, queues: ["default"] }];
  const config = { workers, shutdown_timeout: "1m" };
  await using project = new Project({ config });
  const runtime = await project.start().ready();
  await project.enqueueMany("wait", [{ ms: within(1_500) }, { ms: within(1_500) }]);
  await project.recorded("start", 2);

  const { processes: listed, ...status } = await project.status();
  expect(status).toMatchObject({ running: true, pid: runtime.pid, jobs: { running: 2, ready: 0 } });
  // children register side by side: which of them comes first is chance
  const kinds = ["supervisor", "worker", "dispatcher"];
  const processes = listed.toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  expect(processes).toMatchObject([
    { kind: "supervisor", name: "supervisor", pid: runtime.pid, state: "running", jobs: 0 },
    { kind: "worker", name: "worker mail/1", state: "running", jobs: 2, queues: ["default"] },
    { kind: "dispatcher", name: "dispatcher", state: "running", jobs: 0 },
  ]);
  expect(
    processes
      .slice(1)
      .map(({ pid }) => pid)
      .sort(),
  ).toEqual(childrenOf(runtime.pid).sort());
  for (const { pid, rss_bytes, name } of processes) {
    expect(rss_bytes! / residentBytes(pid), name).toBeGreaterThan(0.6);
    expect(rss_bytes! / residentBytes(pid), name).toBeLessThan(1.6);
  }
  expect(processes.map(({ pid }) => titleOf(pid))).toEqual([
    expect.stringMatching(/^runtime supervisor .*queue/),
    "runtime worker mail/1",
    "runtime dispatcher",
  ]);

  runtime.signal("SIGTERM");
  await runtime.event("worker-stopping");
  const stopping = await project.status();
  expect(stopping.processes.filter(({ kind }) => kind !== "dispatcher")).toMatchObject([
    { kind: "supervisor", state: "stopping" },
    { kind: "worker", state: "stopping", jobs: 2 },
  ]);
  expect(await runtime.ended()).toMatchObject({ code: 0 });
  expect(await project.status()).toMatchObject({ running: false, pid: null, processes: [] });
});

test("runtime stop answers when everything has ended, and says so when nothing runs", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  const id = await project.enqueue("wait", { ms: 400 });
  await project.recorded("start");
  const stop = await project.cli("stop", "-c", "queue.yml", "--json");
  expect(stop.code).toBe(0);
  expect(JSON.parse(stop.stdout)).toEqual({ stopped: true });
  expect(await runtime.ended(within(200))).toMatchObject({ code: 0 });
  expect(await project.job(id)).toMatchObject({ state: "finished" });
  expect(project.pids()).toEqual([]);

  const again = await project.cli("stop", "-c", "queue.yml");
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/no runtime|not running|nothing listens/i);
});

test("as PID 1 it obeys TERM, ends with 0, and warns that nobody reaps orphans there", async (context) => {
  const unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
  try {
    execFileSync(unshare[0]!, [...unshare.slice(1), "true"]);
  } catch (error) {
    context.skip(`this machine gives no pid namespace: ${(error as Error).message}`);
  }
  await using project = new Project();
  const runtime = await project.start([], { wrapper: unshare }).ready();
  const warning = await runtime.event("pid-1");
  expect(warning).toMatchObject({ level: 40, msg: expect.stringContaining("tini") });
  const id = await project.enqueue("wait", { ms: 300 });
  await project.recorded("start");
  // unshare itself ignores TERM while it waits for its child
  for (const pid of childrenOf(runtime.pid)) process.kill(pid, "SIGTERM");
  expect(await runtime.ended()).toMatchObject({ code: 0 });
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1 });
});
