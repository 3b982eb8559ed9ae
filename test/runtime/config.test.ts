// What a valid queue.yml means: defaults, switches, expansion, overrides, paths.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../packages/runtime/src/config/load.ts";
import { complaints, load, temporaryFolder } from "./support/config-file.ts";

const day = 86_400_000;

test("an empty file means every default", async () => {
  const folder = temporaryFolder({ "queue.yml": "" });
  const config = await loadConfig(join(folder, "queue.yml"), { env: {} });
  expect(config).toEqual({
    file: join(folder, "queue.yml"),
    lines: {},
    store: `sqlite:${folder}/data/queue.sqlite`,
    jobs: [],
    hooks: null,
    shutdownTimeoutMs: 25_000,
    interruptionAdapters: ["runtime"],
    durability: "normal",
    workers: [
      {
        name: "default",
        queues: ["*"],
        processes: 1,
        threads: 3,
        concurrency: 1,
        pollingIntervalMs: 1_000,
      },
    ],
    dispatcher: {
      pollingIntervalMs: 1_000,
      batchSize: 500,
      concurrencyMaintenanceIntervalMs: 300_000,
      retention: { finishedMs: 7 * day, cancelledMs: 7 * day, failedMs: 90 * day },
    },
    scheduler: { name: null, pollingIntervalMs: 5_000, catchUp: "none", tasks: [] },
    commands: {
      shell: ["sh", "-c"],
      output: `${folder}/data/queue.output`,
      outputLimitBytes: 104_857_600,
      killGraceMs: 5_000,
      onCrash: "adopt",
      callback: null,
    },
    concurrency: { limits: {} },
    queues: {},
    process: { heartbeatIntervalMs: 5_000, aliveThresholdMs: 30_000, startupTimeoutMs: 60_000 },
    control: { socket: `${folder}/data/runtime.sock`, http: null, token: "" },
    log: { level: "info" },
  });
});

test.each(["# only a comment\n", "---\n", "null\n", "{}", "\uFEFF", "\uFEFFlog:\n  level: info\n"])(
  "a file of %j means every default too",
  async (content) => {
    const { workers } = await load(content);
    expect(workers).toMatchObject([{ name: "default" }]);
  },
);

test("the configuration is frozen plain data, so that it can go to children as JSON", async () => {
  const config = await load("workers: [{}, {}]");
  expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.workers[1]?.queues)).toBe(true);
});

describe("the sample in config/queue.yml", () => {
  const sample = readFileSync("config/queue.yml", "utf8");

  test("says what the defaults are", async () => {
    // the one value that is not the default: the sample shows two processes at work
    expect(sample).toContain("processes: 2 # 1 by default");
    const defaults = sample.replace("processes: 2", "processes: 1");
    const folder = temporaryFolder({ "queue.yml": defaults, "bare.yml": "", "jobs/one.ts": "" });
    const written = await loadConfig(join(folder, "queue.yml"), { env: {} });
    const bare = await loadConfig(join(folder, "bare.yml"), { env: {} });
    expect(written.jobs).toEqual([join(folder, "jobs/one.ts")]);
    expect(written.scheduler?.tasks).toMatchObject([{ name: "primes", job: "primes.count" }]);
    const scheduler = { ...written.scheduler, tasks: [] };
    const { file, lines } = written;
    expect({ ...written, jobs: [], scheduler }).toEqual({ ...bare, file, lines });
  });

  test("shows every key", async () => {
    const [line] = await complaints("qqqqqqqqq: 1");
    const keys = /the choices are (.*)/.exec(line ?? "")?.[1]?.split(", ") ?? [];
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) {
      expect(sample).toMatch(new RegExp(`^(?:# )?${key}:`, "m"));
    }
  });
});

describe("workers", () => {
  test("an empty list, or false for the others, switches off", async () => {
    expect(await load("workers: []")).toMatchObject({ workers: [], dispatcher: {} });
    expect(await load("dispatcher: false\nscheduler: false")).toMatchObject({
      dispatcher: null,
      scheduler: null,
    });
  });

  test("nothing left to run is an error", async () => {
    const nothing =
      "queue.yml:1: there is nothing to run; switch workers, dispatcher or scheduler on";
    expect(await complaints("workers: []\ndispatcher: false")).toEqual([nothing]);
    expect(await complaints("workers: []\ndispatcher: false\nscheduler: false")).toEqual([nothing]);
    expect(await complaints("workers: []\ndispatcher: false\nscheduler: {}")).toEqual([]);
  });

  test("workers without a name get one that is free", async () => {
    const { workers } = await load("workers: [{}, {}, { name: worker-2 }, {}]");
    expect(workers.map(({ name }) => name)).toEqual([
      "default",
      "worker-3",
      "worker-2",
      "worker-4",
    ]);
  });

  test("queues are one name, or a list whose order is kept", async () => {
    const { workers } = await load('workers: [{ queues: mail }, { queues: [b, "a_*", "*"] }]');
    expect(workers.map(({ queues }) => queues)).toEqual([["mail"], ["b", "a_*", "*"]]);
  });

  test("an alias and a merge repeat what was written once", async () => {
    const { workers } = await load(
      "workers:\n  - &small { name: a, threads: 2, processes: 4 }\n" +
        "  - { <<: *small, name: b, threads: 1 }\n",
    );
    expect(workers[1]).toMatchObject({ name: "b", threads: 1, processes: 4 });
  });
});

describe("expansion", () => {
  test("a value that is one variable is read as YAML would read its text", async () => {
    const yaml = "workers: [{ threads: '${N}', processes: \"${P:-2}\" }]\ndispatcher: ${D:-false}";
    const config = await load(yaml, { env: { N: "7" } });
    expect(config.workers[0]).toMatchObject({ threads: 7, processes: 2 });
    expect(config.dispatcher).toBeNull();
  });

  test("where text is wanted a variable stays text", async () => {
    const env = { TOKEN: "12345", NAME: "007" };
    const config = await load("control: { token: '${TOKEN}' }\nworkers:\n  - name: ${NAME}", {
      env,
    });
    expect(config.control.token).toBe("12345");
    expect(config.workers[0]?.name).toBe("007");
  });

  test("a variable cannot add a key, a line or another expansion", async () => {
    const env = { Q: "a\nlog: { level: debug }", N: "{ level: debug }", R: "${Q}" };
    expect(await complaints("workers:\n  - queues: ${Q}", { env })).toHaveLength(1);
    expect(await complaints("log: ${N}", { env })).toEqual([
      'queue.yml:1: log: "{ level: debug }" is text; write keys below it: level',
    ]);
    const { workers } = await load("workers: [{ queues: '${R}' }]", { env });
    expect(workers[0]?.queues).toEqual(["${Q}"]);
  });

  test("an empty variable takes the default, as in a shell, and $${ is a plain ${", async () => {
    const config = await load("store: sqlite:${DIR:-/a}/${FILE:-b}$${x}.sqlite", {
      env: { DIR: "", FILE: "c" },
    });
    expect(config.store).toBe("sqlite:/a/c${x}.sqlite");
  });

  test("a $ without braces is a plain sign", async () => {
    const { control } = await load("control: { token: a$b$HOME }", { env: { HOME: "/" } });
    expect(control.token).toBe("a$b$HOME");
  });
});

describe("overrides", () => {
  const yaml = "store: ${UNSET}\nlog: { level: warn }\nshutdown_timeout: 5s";
  const env = {
    RUNTIME_STORE: "sqlite:/env.sqlite",
    LOG_LEVEL: "error",
    RUNTIME_SHUTDOWN_TIMEOUT: "7s",
  };

  test("the environment wins over the file", async () => {
    expect(await load(yaml, { env })).toMatchObject({
      store: "sqlite:/env.sqlite",
      log: { level: "error" },
      shutdownTimeoutMs: 7_000,
    });
  });

  test("RUNTIME_LOG_LEVEL wins over LOG_LEVEL, and an empty variable is none", async () => {
    const both = { ...env, RUNTIME_LOG_LEVEL: "debug" };
    expect(await load(yaml, { env: both })).toMatchObject({ log: { level: "debug" } });
    const empty = { ...env, RUNTIME_LOG_LEVEL: "" };
    expect(await load(yaml, { env: empty })).toMatchObject({ log: { level: "error" } });
  });

  test("a flag wins over both, and its path starts at the working directory", async () => {
    const flags = { store: "sqlite:./flag.sqlite", logLevel: "silent", shutdownTimeout: "1m" };
    expect(await load(yaml, { env, flags })).toMatchObject({
      store: `sqlite:${process.cwd()}/flag.sqlite`,
      log: { level: "silent" },
      shutdownTimeoutMs: 60_000,
    });
  });

  test("a mistake in them is named by the flag or the variable", async () => {
    const options = { env: { LOG_LEVEL: "loud" }, flags: { shutdownTimeout: "25" } };
    expect(await complaints("", options)).toEqual([
      '--shutdown-timeout: "25" is not a duration; ' +
        "write a number and a unit, such as 500ms, 25s, 5m, 1h or 7d",
      'LOG_LEVEL: "loud" is not a choice; write one of debug, info, warn, error, silent',
    ]);
  });
});

describe("paths", () => {
  test("they are relative to the file; the socket is beside the store", async () => {
    const folder = temporaryFolder({
      "a/queue.yml": "store: sqlite:../b/q.sqlite\njobs: ../jobs\nhooks: ../hooks.ts",
      "hooks.ts": "",
      "jobs/one.ts": "",
      "jobs/deep/two.mjs": "",
    });
    const config = await loadConfig(join(folder, "a/queue.yml"), { env: {} });
    expect(config.store).toBe(`sqlite:${folder}/b/q.sqlite`);
    expect(config.control.socket).toBe(`${folder}/b/runtime.sock`);
    expect(config.hooks).toBe(`${folder}/hooks.ts`);
    expect(config.jobs).toEqual([`${folder}/jobs/deep/two.mjs`, `${folder}/jobs/one.ts`]);
  });

  test("a socket path may be long as a whole when it is short from the working directory", async () => {
    const folder = temporaryFolder();
    const deep = join(folder, "x".repeat(100), "y".repeat(100));
    mkdirSync(deep, { recursive: true });
    const before = process.cwd();
    process.chdir(deep);
    try {
      const { control } = await load("", { flags: { store: "sqlite:./queue.sqlite" } });
      expect(control.socket).toBe(join(deep, "runtime.sock"));
    } finally {
      process.chdir(before);
    }
  });
});

test("one retention is for what finished or was cancelled; three can be said apart", async () => {
  const kept = async (yaml: string) => (await load(yaml)).dispatcher?.retention;
  expect(await kept("dispatcher: { retention: 1d }")).toEqual({
    finishedMs: day,
    cancelledMs: day,
    failedMs: 90 * day,
  });
  expect(await kept("dispatcher: { retention: { failed: 2d, finished: 0s } }")).toEqual({
    finishedMs: 0,
    cancelledMs: 7 * day,
    failedMs: 2 * day,
  });
});

test.each([
  ["127.0.0.1:7070", { host: "127.0.0.1", port: 7070 }],
  ["localhost:0", { host: "localhost", port: 0 }],
  ["[::1]:80", { host: "::1", port: 80 }],
])("control.http may be %s without a token", async (http, address) => {
  expect((await load(`control: { http: "${http}" }`)).control.http).toEqual(address);
});

test("another machine may connect with a token", async () => {
  const { control } = await load('control: { http: "0.0.0.0:7070", token: secret }');
  expect(control).toMatchObject({ http: { host: "0.0.0.0", port: 7070 }, token: "secret" });
});
