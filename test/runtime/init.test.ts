// `runtime init` and `runtime check`, on projects as newcomers have them.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { initProject } from "../../packages/runtime/src/cli/care/init-project.ts";
import { temporaryFolder } from "./support/config-file.ts";
import { project, runNode } from "./support/load-modules.ts";

const script = `
  const { module, file } = JSON.parse(process.argv[1]);
  const { checkConfiguration } = await import(module);
  console.log(JSON.stringify(await checkConfiguration(file, { env: {} })));
`;

interface Check {
  readonly problems: readonly string[];
  readonly summary: readonly string[];
}

function check(folder: string, file: string): Check {
  const module = new URL("../../packages/runtime/src/config/check.ts", import.meta.url).href;
  return runNode(folder, script, { module, file }) as Check;
}

describe("init", () => {
  test("in a CommonJS project, what npm init makes, writes files that load and check", async () => {
    const folder = project({ "package.json": '{ "type": "commonjs" }' });
    const { written, next } = await initProject(folder);
    const config = join(folder, "config/queue.yml");
    expect(written).toEqual([
      config,
      join(folder, "config/jobs/hello.mts"),
      join(folder, "config/hooks.mts"),
    ]);
    expect(next).toEqual([
      `npx runtime start -c ${config}`,
      `npx runtime enqueue hello '{"name": "world"}' -c ${config}`,
    ]);
    expect(check(folder, "config/queue.yml")).toEqual({
      problems: [],
      warnings: [],
      summary: [
        `store: sqlite:${folder}/config/data/queue.sqlite`,
        "jobs: 2 (count, hello)",
        "worker default: queues *; processes 1, 3 threads",
        "dispatcher: on",
        "scheduler: on, no tasks",
        "commands: on, sh -c",
      ],
    });
  });

  test("overwrites nothing, and says what is in the way", async () => {
    const folder = temporaryFolder({ "config/queue.yml": "mine" });
    symlinkSync("nowhere", join(folder, "config/hooks.mts"));
    await expect(initProject(folder)).rejects.toThrow(
      `${folder}/config/queue.yml, ${folder}/config/hooks.mts exist already; ` +
        "move or delete before init",
    );
    expect(readFileSync(join(folder, "config/queue.yml"), "utf8")).toBe("mine");
    expect(existsSync(join(folder, "config/jobs"))).toBe(false);
  });

  test("the jobs that it writes have the types their author means", async () => {
    const folder = project({});
    await initProject(folder);
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024"];
    const { stdout, status } = spawnSync(
      join(process.cwd(), "node_modules/.bin/tsc"),
      [
        ...options,
        ...["--allowImportingTsExtensions", "--skipLibCheck", "--customConditions", "source"],
        ...["--types", "node", "--typeRoots", join(process.cwd(), "node_modules/@types")],
        ...["config/jobs/hello.mts", "config/hooks.mts"],
      ],
      { cwd: folder, encoding: "utf8" },
    );
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });
});

describe("check", () => {
  test("tells the problems of hooks and jobs at once", () => {
    const folder = project({
      "queue.yml": "jobs: [a.mjs, b.mjs]\nhooks: hooks.mjs",
      "hooks.mjs": 'throw new Error("no pool");',
      "a.mjs": "export const a = 1;",
      "b.mjs": "export const b = 1;",
    });
    const noJob = "has no job; export one made by defineJob or defineIteration, or move the file";
    expect(check(folder, "queue.yml").problems).toEqual([
      "hooks.mjs:1: it throws while it loads: no pool",
      `a.mjs: ${noJob}`,
      `b.mjs: ${noJob}`,
    ]);
  });

  test("tells the problems of the configuration alone, when it is not valid", () => {
    const folder = project({ "queue.yml": "workers: 3\nlog: 3" });
    expect(check(folder, "queue.yml")).toEqual({
      problems: [
        "queue.yml:1: workers: 3 is a number; write a list, or [] for no worker",
        "queue.yml:2: log: 3 is a number; write keys below it: level",
      ],
      warnings: [],
      summary: [],
    });
  });

  test("knows the adapters that the hooks module registers, and refuses others", () => {
    const folder = project({
      "queue.yml": "interruption_adapter: [runtime, spot]\nhooks: hooks.mjs",
      "bad.yml": "interruption_adapter: runtim",
      "hooks.mjs":
        'import { interruptionAdapters } from "queue-runtime";\n' +
        'interruptionAdapters.register("spot", () => false);',
    });
    expect(check(folder, "queue.yml").problems).toEqual([]);
    expect(check(folder, "bad.yml").problems).toEqual([
      "bad.yml: interruption_adapter: no interruption adapter is registered " +
        'as "runtim"; did you mean "runtime"?',
    ]);
  });
});
