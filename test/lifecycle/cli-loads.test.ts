// What a command line loads. A module costs about a quarter of a millisecond, and an import too many
// is seen by nobody: so it is counted here, by package and not by the clock.

import { execFile } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CliProject, runtimeBin } from "../support/cli-project.ts";

let project: CliProject;
beforeEach(() => {
  project = new CliProject();
});
afterEach(() => project[Symbol.dispose]());

/** Writes the path of every module that was loaded to stderr, as the last line. */
const witness = `
import { registerHooks } from "node:module";
import { writeSync } from "node:fs";
const urls = [];
registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
process.on("exit", () => void writeSync(2, "\\n" + JSON.stringify(urls)));
`;

interface Loaded {
  readonly stdout: string;
  /** Such as `store/dist/clock.js` and `yaml/dist/index.js`. */
  readonly modules: readonly string[];
}

async function run(...argv: string[]): Promise<Loaded> {
  const hook = `data:text/javascript,${encodeURIComponent(witness)}`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ["--import", hook, runtimeBin, ...argv],
    { cwd: project.folder },
  );
  const urls = JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as string[];
  const files = urls.filter((url) => url.startsWith("file:"));
  return {
    stdout,
    modules: files.map((url) => url.replace(/^.*\/(?:packages|node_modules)\//, "")),
  };
}

async function started(): Promise<void> {
  const child = project.start("start");
  child.stdout?.resume();
  child.stderr?.resume();
  const isReady = async () => {
    const { code, stdout } = await project.run("processes", "--json");
    return code === 0 && /"kind":"worker"[^}]*"state":"running"/.test(stdout);
  };
  await expect.poll(isReady, { timeout: 20_000, interval: 100 }).toBe(true);
}

const database = /^store\/dist\/(?:sqlite|postgres)(?:\.js|\/(?!driver\/make-folder))/;
const engine = /^job\/dist\/(?!values\/|schedule\/)/;
const messages = /^(?:yargs|cliui|y18n)\//;
const server =
  /^(?:hono|@hono|pino|tinypool)\/|^runtime\/dist\/(?:supervisor|worker|control\/desk\/local)/;

const asking = [
  ["status", "--json"],
  ["add", "--stashed", "--", "true"],
];

test("where a runtime answers, status and add load no store, no YAML and nothing that runs jobs", async () => {
  await started();
  for (const argv of asking) {
    const { modules } = await run(...argv);
    for (const part of [database, engine, server, messages, /^yaml\//]) {
      expect(modules.filter((path) => part.test(path))).toEqual([]);
    }
    expect(modules.length).toBeLessThan(60);
  }
});

test("a runtime that has read something else is no reason to load a store", async () => {
  await started();
  appendFileSync(join(project.folder, "config/queue.yml"), "# a word\n");
  for (const argv of asking) {
    const { modules } = await run(...argv);
    for (const part of [database, engine, server, messages]) {
      expect(modules.filter((path) => part.test(path))).toEqual([]);
    }
    expect(modules).toContain("yaml/dist/index.js");
    expect(modules.length).toBeLessThan(160);
  }
});

test("without a runtime status loads the store, and still nothing that runs jobs", async () => {
  await project.run("migrate");
  const { modules } = await run("status", "--json");
  expect(modules).toContain("store/dist/sqlite.js");
  expect(modules.filter((path) => engine.test(path) || server.test(path))).toEqual(
    modules.filter((path) => /^runtime\/dist\/control\/desk\/local/.test(path)),
  );
});

test("help reads no configuration", async () => {
  const { modules } = await run("status", "--help");
  expect(modules.filter((path) => /^yaml\/|^runtime\/dist\/config\//.test(path))).toEqual([]);
  expect(modules.filter((path) => database.test(path) || engine.test(path))).toEqual([]);
});

test("status shows the same whether the runtime reads the store or the command line", async () => {
  await started();
  await project.run("add", "--stashed", "--label", "one", "--", "true");
  await project.run("enqueue", "mail", '{"to":"you"}', "--queue", "away", "--delay", "1h");
  const fields = /^(?:jobs|queues|groups|commands|unknown_names|running|pid|host|started_at)$/;
  const shown = async (limit: string) => {
    const { stdout, modules } = await run("status", "--json", "--limit", limit);
    const row = Object.entries(JSON.parse(stdout) as object).filter(([key]) => fields.test(key));
    return { row, fromStore: modules.some((path) => database.test(path)) };
  };
  const short = await shown("1000");
  // more than a runtime should have to read for somebody
  const long = await shown("1001");
  expect([short.fromStore, long.fromStore]).toEqual([false, true]);
  expect(short.row).toEqual(long.row);
  expect(JSON.stringify(short.row)).toContain('"label":"one"');
});

test("a runtime is not asked about the store of somebody else", async () => {
  // by default the socket is named after the store
  appendFileSync(join(project.folder, "config/queue.yml"), "control:\n  socket: ./our.sock\n");
  await started();
  const other = `sqlite:${project.folder}/other.sqlite`;
  await project.run("migrate", "--store", other);
  await project.run("enqueue", "mail", '{"to":"you"}', "--delay", "1h", "--store", other);
  const status = await project.json<{ jobs: { scheduled: number } }>("status", "--store", other);
  expect(status.jobs.scheduled).toBe(1);
});
