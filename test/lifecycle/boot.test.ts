// A runtime that cannot boot: one sentence, the right exit code, and nothing left behind. And one
// that boots although not everything goes well.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { childrenOf } from "../support/proc.ts";
import { Project, type ProjectOptions, support } from "../support/project.ts";
import { monotonic, type RuntimeProcess } from "../support/runtime-process.ts";

const job = (name: string) => `
  import { defineJob } from "queue-runtime";
  export const job = defineJob({ name: ${JSON.stringify(name)}, perform() {} });
`;

async function refuses(options: ProjectOptions, prepare?: (project: Project) => void) {
  await using project = new Project(options);
  prepare?.(project);
  const runtime = project.start();
  const { code } = await runtime.ended();
  await runtime.until(() => runtime.text.length > 0, { what: "the reason" });
  expect(project.pids()).toEqual([]);
  const { processes = [] } = await project.status().catch(() => ({ processes: [] }));
  expect(processes).toEqual([]);
  return { code, text: runtime.text.join("\n"), runtime };
}

function workersStarted(runtime: RuntimeProcess): number {
  return runtime.events("child-started").filter(({ child }) => child === "worker default/1").length;
}

describe("a configuration that cannot boot ends with exit 78 and names the reason:", () => {
  test("a job file that throws", async () => {
    const files = { "jobs/broken.ts": `throw new Error("no such luck");` };
    const { code, text } = await refuses({ files, config: { jobs: "jobs" } });
    expect(code).toBe(78);
    expect(text).toMatch(/jobs\/broken\.ts.*no such luck/);
    expect(text.split("\n")).toHaveLength(1);
  });

  test("a job file with an error of syntax, with its line", async () => {
    const files = { "jobs/broken.ts": `const fine = 1;\nconst = 2;` };
    const { code, text } = await refuses({ files, config: { jobs: "jobs" } });
    expect(code).toBe(78);
    expect(text).toMatch(/jobs\/broken\.ts:2/);
  });

  test("a job file without a job", async () => {
    const files = { "jobs/empty.ts": `export const nothing = 1;` };
    const { code, text } = await refuses({ files, config: { jobs: "jobs" } });
    expect(code).toBe(78);
    expect(text).toMatch(/jobs\/empty\.ts/);
  });

  test("two jobs of one name", async () => {
    const files = { "jobs/one.ts": job("same"), "jobs/two.ts": job("same") };
    const { code, text } = await refuses({ files, config: { jobs: "jobs" } });
    expect(code).toBe(78);
    expect(text).toMatch(/same/);
    expect(text).toMatch(/one\.ts/);
    expect(text).toMatch(/two\.ts/);
  });

  test("a job file that ends its process while it loads", async () => {
    const files = { "jobs/exit.ts": `process.exit(3);` };
    const { code, text, runtime } = await refuses({ files, config: { jobs: "jobs" } });
    expect(code).toBe(78);
    expect(text).toMatch(/jobs\/exit\.ts.*process\.exit/);
    expect(workersStarted(runtime)).toBe(1);
  });

  test("a job file that kills its process while it loads: tried again, but not for ever", async () => {
    const files = { "jobs/kill.ts": `process.kill(process.pid, "SIGKILL"); for (;;);` };
    const { code, text, runtime } = await refuses({ files, config: { jobs: "jobs" } });
    expect(code).toBe(78);
    expect(text).toMatch(/worker default\/1 was ended by SIGKILL 3 times while it started/);
    expect(workersStarted(runtime)).toBe(3);
  });

  test("a hooks file that throws", async () => {
    const files = { "hooks.ts": `throw new Error("unhooked");` };
    const { code, text } = await refuses({ files });
    expect(code).toBe(78);
    expect(text).toMatch(/hooks\.ts.*unhooked/);
  });

  test("an interruption adapter that nobody registered", async () => {
    const { code, text } = await refuses({ config: { interruption_adapter: "runtme" } });
    expect(code).toBe(78);
    expect(text).toMatch(/queue\.yml: interruption_adapter: .*; did you mean "runtime"\?$/);
  });

  test("a store that is no database", async () => {
    const { code, text } = await refuses({}, (project) => {
      project.write("queue.sqlite", "this is a letter to a friend ".repeat(400));
    });
    expect(code).toBe(78);
    expect(text).toMatch(/queue\.sqlite/);
  });

  test("a store that is a folder", async () => {
    const { code, text } = await refuses({ files: { "queue.sqlite/file": "" } });
    expect(code).toBe(78);
    expect(text).toMatch(/queue\.sqlite is not a file/);
  });

  test("a store with a newer schema", async () => {
    const { code, text } = await refuses({}, (project) => {
      const database = new DatabaseSync(join(project.path, "queue.sqlite"));
      database.exec("PRAGMA user_version = 999");
      database.close();
    });
    expect(code).toBe(78);
    expect(text).toMatch(/999/);
  });

  test("a missing configuration, with its path and what to do", async () => {
    await using project = new Project();
    const { code, stderr } = await project.cli("start", "-c", "missing/queue.yml");
    expect(code).toBe(78);
    expect(stderr).toMatch(/missing\/queue\.yml/);
    expect(stderr).toMatch(/runtime init/);
  });
});

describe("a store that cannot be reached ends the boot with exit 69 at once:", () => {
  test.each([
    ["its folder cannot be", "sqlite:./letter/queue.sqlite"],
    ["its file system takes no files", "sqlite:/proc/queue.sqlite"],
  ])("%s", async (_why, store) => {
    const began = monotonic();
    const options = { files: { letter: "dear friend" }, config: { store } };
    const { code, text } = await refuses(options);
    expect(code).toBe(69);
    expect(text).toMatch(/queue\.sqlite/);
    expect(monotonic() - began).toBeLessThan(within(5_000));
  });
});

describe("a child that hangs in its boot", () => {
  // hangs until the marker is there, in one kind of worker only
  const hang = `
    import { existsSync, writeFileSync } from "node:fs";
    import { isMainThread } from "node:worker_threads";
    import { record } from "${support}/record.ts";
    if (isMainThread && process.title.includes("slow") && !existsSync("loaded")) {
      writeFileSync("loaded", "");
      record("hangs");
      await new Promise((end) => setTimeout(end, 60_000));
    }
    ${job("quiet")}
  `;
  const hasty = (startupMs: number) => ({
    heartbeat_interval: "200ms",
    alive_threshold: "1s",
    startup_timeout: `${Math.round(within(startupMs))}ms`,
  });

  test("is killed after startup_timeout and replaced, and the others go on meanwhile", async () => {
    const config = {
      jobs: ["hang.ts", join(support, "jobs/plain.ts")],
      workers: [
        { name: "slow", threads: 1, queues: ["slow"] },
        { name: "default", threads: 1, queues: ["default"] },
      ],
      process: hasty(3_000),
    };
    await using project = new Project({ files: { "hang.ts": hang }, config });
    const runtime = project.start();
    await project.recorded("hangs");
    const other = await runtime.event("child-ready", ({ child }) => child === "worker default/1");
    const id = await project.enqueue("quick");
    await project.becomes(id, "finished");
    const slow = await runtime.event("child-slow");
    expect(slow.child).toBe("worker slow/1");
    await runtime.ready();
    expect(childrenOf(runtime.pid)).toContain(other.child_pid);
    expect(runtime.events("child-started")).toHaveLength(4);
    const next = await project.enqueue("quick", {}, { queue: "slow" });
    await project.becomes(next, "finished");
    expect(await runtime.stop()).toMatchObject({ code: 0 });
  });

  test("later on is killed and replaced as well", async () => {
    const config = {
      jobs: ["hang.ts"],
      workers: [{ name: "slow", threads: 1 }],
      process: hasty(2_000),
    };
    await using project = new Project({ files: { "hang.ts": hang, loaded: "" }, config });
    const runtime = await project.start().ready();
    const [first] = await project.children();
    rmSync(join(project.path, "loaded"));
    process.kill(first!.pid, "SIGKILL");
    await runtime.event("child-slow");
    const workers = () =>
      runtime.events("child-ready").filter(({ child }) => child === "worker slow/1");
    await runtime.until(() => workers().length === 2);
    await project.becomes(await project.enqueue("quiet"), "finished");
    expect(await runtime.stop()).toMatchObject({ code: 0 });
  });
});
