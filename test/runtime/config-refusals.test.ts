// Every value that queue.yml refuses, with the sentence a person reads.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import { join } from "node:path";
import { expect, test } from "vitest";
import { complaints, complaintsAbout, temporaryFolder } from "./support/config-file.ts";

const cron = 'write five fields, such as "0 3 * * *", six with seconds first, or @daily';
const unit = "write a number and a unit, such as 500ms, 25s, 5m, 1h or 7d";
const zone = "write an IANA name, such as Europe/Berlin or UTC";
const store = "write sqlite:./path/to/queue.sqlite";
const queue = 'write the name of a queue, or "*" for all';
const address = 'write host and port, such as "127.0.0.1:7070"';
const task = (rest: string) => `scheduler: { tasks: { t: { ${rest} } } }`;

test.each<[yaml: string, line: string]>([
  // Numbers
  [
    'workers: [{ threads: "4" }]',
    'workers[0].threads: "4" is text; write a whole number, 0 or more',
  ],
  [
    "workers: [{ threads: -1 }]",
    "workers[0].threads: -1 is too small; write a whole number from 0 to 128",
  ],
  [
    "workers: [{ threads: 129 }]",
    "workers[0].threads: 129 is too large; write a whole number from 0 to 128",
  ],
  [
    "workers: [{ threads: 1.5 }]",
    "workers[0].threads: 1.5 is not whole; write a whole number from 0 to 128",
  ],
  [
    "workers: [{ threads: .nan }]",
    "workers[0].threads: NaN is not whole; write a whole number from 0 to 128",
  ],
  [
    "workers: [{ threads: true }]",
    "workers[0].threads: true is a yes or no; write a whole number, 0 or more",
  ],
  [
    "workers: [{ threads: [3] }]",
    "workers[0].threads: this is a list; write a whole number, 0 or more",
  ],
  [
    "workers: [{ threads: 1_0 }]",
    'workers[0].threads: "1_0" is text; write a whole number, 0 or more',
  ],
  [
    "workers: [{ processes: 0 }]",
    "workers[0].processes: 0 is too small; write a whole number from 1 to 64",
  ],
  [
    "workers: [{ processes: 65 }]",
    "workers[0].processes: 65 is too large; write a whole number from 1 to 64",
  ],
  [
    "workers: [{ processes: null }]",
    "workers[0].processes: this is empty; write a whole number, 1 or more",
  ],
  [
    "workers: [{ concurrency: -1 }]",
    "workers[0].concurrency: -1 is too small; write a whole number from 1 to 10000",
  ],
  [
    "workers: [{ concurrency: 0 }]",
    "workers[0].concurrency: 0 is too small; write a whole number from 1 to 10000",
  ],
  [
    "workers: [{ concurrency: 1e9 }]",
    "workers[0].concurrency: 1000000000 is too large; write a whole number from 1 to 10000",
  ],
  [
    "workers: [{ concurrency: 1e400 }]",
    "workers[0].concurrency: Infinity is too large; write a whole number from 1 to 10000",
  ],
  [
    "dispatcher: { batch_size: 9007199254740993 }",
    "dispatcher.batch_size: 9007199254740992 is too large; write a whole number from 1 to 100000",
  ],
  // Durations
  ["shutdown_timeout: 25", `shutdown_timeout: 25 has no unit; ${unit}`],
  ['shutdown_timeout: "25"', `shutdown_timeout: "25" is not a duration; ${unit}`],
  ["shutdown_timeout: 25 seconds", `shutdown_timeout: "25 seconds" is not a duration; ${unit}`],
  ["shutdown_timeout: -5s", `shutdown_timeout: "-5s" is not a duration; ${unit}`],
  ["shutdown_timeout: 0s", 'shutdown_timeout: "0s" is too short; write a duration from 1ms to 1d'],
  ["shutdown_timeout: 25h", 'shutdown_timeout: "25h" is too long; write a duration from 1ms to 1d'],
  ["shutdown_timeout:", `shutdown_timeout: this is empty; ${unit}`],
  ["shutdown_timeout: { s: 1 }", `shutdown_timeout: this is a group of keys; ${unit}`],
  [
    "workers: [{ polling_interval: 1ms }]",
    'workers[0].polling_interval: "1ms" is too short; write a duration from 10ms to 1h',
  ],
  ["dispatcher: { retention: 7 }", `dispatcher.retention: 7 has no unit; ${unit}`],
  [
    "process: { alive_threshold: 9s }",
    "process.alive_threshold: 9s is less than two heartbeats of 5s; write 10s or more",
  ],
  [
    "process: { heartbeat_interval: 20s }",
    "process.alive_threshold: 30s is less than two heartbeats of 20s; write 40s or more",
  ],
  [
    "process: { startup_timeout: 1ms }",
    'process.startup_timeout: "1ms" is too short; write a duration from 100ms to 1h',
  ],
  // Keys and choices
  ["worker: []", 'worker: unknown key; did you mean "workers"?'],
  ["workers: [{ thread: 3 }]", 'workers[0].thread: unknown key; did you mean "threads"?'],
  ["shutdown-timeout: 25s", 'shutdown-timeout: unknown key; did you mean "shutdown_timeout"?'],
  ["log: { __proto__: 1 }", "log.__proto__: unknown key; the choices are level"],
  ["log: { constructor: 1 }", "log.constructor: unknown key; the choices are level"],
  ["log: { toString: { a: 1 } }", "log.toString: unknown key; the choices are level"],
  ['log: { "a\\e[31mb": 1 }', 'log."a\\u001b[31mb": unknown key; the choices are level'],
  [
    "log: { level: warning }",
    'log.level: "warning" is not a choice; write one of debug, info, warn, error, silent',
  ],
  [
    "log: { level: false }",
    "log.level: false is a yes or no; write one of debug, info, warn, error, silent",
  ],
  ["log: verbose", 'log: "verbose" is text; write keys below it: level'],
  ["durability: ful", 'durability: "ful" is not a choice; write one of normal, full'],
  ["dispatcher: no", 'dispatcher: "no" is text; write keys below it, or false to switch it off'],
  [
    "scheduler: true",
    "scheduler: true is a yes or no; write keys below it, or false to switch it off",
  ],
  [
    "scheduler: { catch_up: some }",
    'scheduler.catch_up: "some" is not a choice; write one of none, one, all',
  ],
  ["commands: { shell: sh }", "commands: shell commands are not in this version; delete this key"],
  ["interruption_adapter: []", "interruption_adapter: this list is empty; write runtime or none"],
  ["interruption_adapter: [none, none]", 'interruption_adapter[1]: "none" is here twice; keep one'],
  // Workers
  ["workers: false", "workers: false is a yes or no; write a list, or [] for no worker"],
  [
    "workers: { threads: 3 }",
    "workers: this is a group of keys; write a list, or [] for no worker",
  ],
  [
    "workers: [5]",
    "workers[0]: 5 is a number; write keys below it: name, queues, processes, threads, concurrency, polling_interval",
  ],
  [
    "workers: [{ name: a }, { name: a }]",
    'workers[1].name: two workers are named "a"; give each a name of its own',
  ],
  [
    "workers: [{ name: <script> }]",
    'workers[0].name: "<script>" is not a name; write up to 64 letters, digits, dots, dashes and underscores',
  ],
  [
    "workers: [{ name: 7 }]",
    "workers[0].name: 7 is a number; put it in quotes, or write up to 64 letters, digits, dots, dashes and underscores",
  ],
  [
    "workers: [{ queues: [] }]",
    "workers[0].queues: this list is empty; name a queue, or write workers: [] for no worker",
  ],
  ['workers: [{ queues: "" }]', `workers[0].queues: this is empty; ${queue}`],
  ["workers: [{ queues: [a, null] }]", `workers[0].queues[1]: this is empty; ${queue}`],
  [
    'workers: [{ queues: "*a" }]',
    'workers[0].queues: "*a" has a * before its end; write a prefix such as "mail_*"',
  ],
  [
    'workers: [{ queues: ["a**"] }]',
    'workers[0].queues[0]: "a**" has a * before its end; write a prefix such as "mail_*"',
  ],
  ["workers: [{ queues: [a, a] }]", 'workers[0].queues[1]: "a" is here twice; keep one'],
  [
    'workers: [{ queues: "a,b" }]',
    'workers[0].queues: "a,b" is one name with a comma in it; write a list: [a, b]',
  ],
  ['workers: [{ queues: " a" }]', `workers[0].queues: " a" begins or ends with a space; ${queue}`],
  [
    'workers: [{ queues: "a\\u202eb" }]',
    `workers[0].queues: "a\\u202eb" has signs that cannot be seen; ${queue}`,
  ],
  [
    'workers: [{ queues: "a\\0b" }]',
    `workers[0].queues: "a\\u0000b" has signs that cannot be seen; ${queue}`,
  ],
  [
    `workers: [{ queues: ${"q".repeat(256)} }]`,
    `workers[0].queues: "${"q".repeat(60)}…" is longer than 255 characters; ${queue}`,
  ],
  // Store, modules, control
  ["store: 5", `store: 5 is a number; put it in quotes, or ${store}`],
  ["store: ./queue.sqlite", `store: this is no store, it has no scheme such as sqlite:; ${store}`],
  [
    "store: postgres://me:secret@host/db",
    `store: postgres: is not a store of this version; ${store}`,
  ],
  ['store: "sqlite:"', `store: the path of the store is missing; ${store}`],
  ['store: "sqlite::memory:"', `store: a store in memory cannot be shared by processes; ${store}`],
  ["store: sqlite:./data/", `store: the path of the store is a folder; ${store}`],
  [
    "store: sqlite://data/q.sqlite",
    `store: after sqlite: comes a path, not // and a host; ${store}`,
  ],
  [
    "store: sqlite:q.sqlite?mode=ro",
    `store: the path of the store has a "?", options are not supported; ${store}`,
  ],
  ["jobs: ./nowhere", 'jobs: "./nowhere" does not exist; write a file, a folder or a glob'],
  [
    "jobs: [./a.ts, '*.nothing']",
    'jobs[0]: "./a.ts" does not exist; write a file, a folder or a glob',
  ],
  ["jobs: '*.nothing'", 'jobs: "*.nothing" matches no module; write a file, a folder or a glob'],
  ["jobs: queue.yml", 'jobs: "queue.yml" is not a module; name a .ts, .mts, .js or .mjs file'],
  ["jobs: .", 'jobs: "." has no modules in it; put a .ts, .mts, .js or .mjs file there'],
  [
    "jobs: https://example.org/job.js",
    'jobs: "https://example.org/job.js" is a URL; write a file, a folder or a glob',
  ],
  ["jobs: []", "jobs: this list is empty; name a file, a folder or a glob, or leave the key out"],
  [
    "jobs: 3",
    "jobs: 3 is a number; put it in quotes, or write a file, a folder or a glob, such as ./jobs",
  ],
  ["hooks: ./hooks.ts", 'hooks: "./hooks.ts" does not exist; write the path of a module'],
  ["hooks: .", 'hooks: "." is not a file; write the path of a module'],
  ["control: { http: 7070 }", `control.http: 7070 is a number; put it in quotes, or ${address}`],
  ['control: { http: ":7070" }', `control.http: ":7070" is not an address; ${address}`],
  [
    'control: { http: "localhost:70000" }',
    `control.http: "localhost:70000" is not an address; ${address}`,
  ],
  [
    'control: { http: "http://localhost:80" }',
    `control.http: "http://localhost:80" is not an address; ${address}`,
  ],
  [
    'control: { http: "0.0.0.0:80", token: "" }',
    'control.http: "0.0.0.0" can be reached from other machines without a token; set control.token, or write 127.0.0.1',
  ],
  [
    'control: { http: "[::]:80" }',
    'control.http: "::" can be reached from other machines without a token; set control.token, or write 127.0.0.1',
  ],
  [
    "control: { token: 12345 }",
    "control.token: a token is text; write it in quotes, or ${RUNTIME_TOKEN}",
  ],
  [
    "control: { token: [abc] }",
    "control.token: a token is text; write it in quotes, or ${RUNTIME_TOKEN}",
  ],
  [
    "control: { token: a b }",
    "control.token: a token has no spaces and only ASCII signs; write another",
  ],
  [
    `control: { socket: /${"s".repeat(107)} }`,
    "control.socket: the path of the socket has 108 bytes, more than 107; write a shorter control.socket",
  ],
  // Expansion
  [
    "shutdown_timeout: ${NOPE}",
    "shutdown_timeout: the variable NOPE is not set; set it, or write ${NOPE:-default}",
  ],
  [
    "store: sqlite:${A}/${B:-b}",
    "store: the variable A is not set; set it, or write ${A:-default}",
  ],
  ["store: ${A-b}", 'store: "${A-b}" is not an expansion; write ${NAME} or ${NAME:-default}'],
  ["store: ${A", 'store: "${A" is not an expansion; write ${NAME} or ${NAME:-default}'],
  ["store: ${}", 'store: "${}" is not an expansion; write ${NAME} or ${NAME:-default}'],
  [
    "workers: [{ threads: '${N:-}' }]",
    "workers[0].threads: this is empty; write a whole number, 0 or more",
  ],
  // Scheduler
  [
    task('schedule: "* * 31 2 *", job: a'),
    `scheduler.tasks.t.schedule: "* * 31 2 *" is never due; ${cron}`,
  ],
  [
    task('schedule: "* * * *", job: a'),
    `scheduler.tasks.t.schedule: "* * * *" is not a schedule; ${cron}`,
  ],
  [
    task('schedule: "0 0 * * * * 2030", job: a'),
    `scheduler.tasks.t.schedule: "0 0 * * * * 2030" is not a schedule; ${cron}`,
  ],
  [
    task('schedule: "61 * * * *", job: a'),
    `scheduler.tasks.t.schedule: "61 * * * *" is not a schedule; ${cron}`,
  ],
  [
    task('schedule: "@every 0s", job: a'),
    `scheduler.tasks.t.schedule: "@every 0s" is not a schedule; ${cron}`,
  ],
  [
    task("schedule: every day at noon, job: a"),
    `scheduler.tasks.t.schedule: "every day at noon" is not a schedule; ${cron}`,
  ],
  [
    task("schedule: 2030-01-01T00:00:00Z, job: a"),
    `scheduler.tasks.t.schedule: "2030-01-01T00:00:00Z" is not a schedule; ${cron}`,
  ],
  [
    task('schedule: "@daily", job: a, time_zone: Mars/Base'),
    `scheduler.tasks.t.time_zone: "Mars/Base" is not a time zone; ${zone}`,
  ],
  [
    task('schedule: "@daily", job: a, time_zone: "+01:00"'),
    `scheduler.tasks.t.time_zone: "+01:00" is not a time zone; ${zone}`,
  ],
  [
    task("job: a"),
    'scheduler.tasks.t: schedule is missing; write one, such as schedule: "0 3 * * *"',
  ],
  [
    task('schedule: "@daily"'),
    "scheduler.tasks.t: job is missing; write the name of a job, such as job: users.backfill",
  ],
  [
    task('schedule: "@daily", job: 5'),
    "scheduler.tasks.t.job: 5 is a number; put it in quotes, or write a name",
  ],
  [
    task('schedule: "@daily", job: a, args: { __proto__: 1 }'),
    'scheduler.tasks.t.args.__proto__: "__proto__" is no key for data; rename it',
  ],
  [
    task('schedule: "@daily", job: a, args: [1e400]'),
    "scheduler.tasks.t.args[0]: Infinity is no number that JSON keeps exactly; write it as text",
  ],
  [
    task('schedule: "@daily", job: a, args: 9007199254740993'),
    "scheduler.tasks.t.args: 9007199254740992 is no number that JSON keeps exactly; write it as text",
  ],
  [
    'scheduler: { tasks: { "": { schedule: "@daily", job: a } } }',
    'scheduler.tasks."": this is empty; write a name',
  ],
  [
    "scheduler: { tasks: [a] }",
    "scheduler.tasks: this is a list; write one key per task, its name, or leave tasks out",
  ],
])("%s is refused", async (yaml, line) => {
  const lines = await complaints(yaml);
  expect(lines[0]).toBe(`queue.yml:1: ${line}`);
});

test("all problems are told at once, in the order of the file", async () => {
  const yaml = `workers:
  - threads: "4"
    proceses: 2
log:
  level: warning
  levels: debug
shutdown_timeout: \${NOPE}
jobs:
  - ./a
  - ./b
`;
  expect(await complaints(yaml)).toEqual([
    'queue.yml:2: workers[0].threads: "4" is text; write a whole number, 0 or more',
    'queue.yml:3: workers[0].proceses: unknown key; did you mean "processes"?',
    'queue.yml:5: log.level: "warning" is not a choice; write one of debug, info, warn, error, silent',
    'queue.yml:6: log.levels: unknown key; did you mean "level"?',
    "queue.yml:7: shutdown_timeout: the variable NOPE is not set; set it, or write ${NOPE:-default}",
    'queue.yml:9: jobs[0]: "./a" does not exist; write a file, a folder or a glob',
    'queue.yml:10: jobs[1]: "./b" does not exist; write a file, a folder or a glob',
  ]);
});

test("a thousand problems are cut short", async () => {
  const lines = await complaints(Array.from({ length: 1_000 }, (_, i) => `k${i}: 1`).join("\n"));
  expect(lines).toHaveLength(51);
  expect(lines[50]).toBe("queue.yml: and 950 more problems");
});

test("a password in the store and a token are never repeated", async () => {
  const yaml = "store: postgres://me:secret@host/db\ncontrol: { token: 'secret word' }";
  const lines = await complaints(yaml);
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain("secret");
});

test("a default socket that is too long is refused too", async () => {
  const deep = "d".repeat(120);
  const file = join(
    temporaryFolder({ "queue.yml": `store: sqlite:/${deep}/q.sqlite` }),
    "queue.yml",
  );
  expect(await complaintsAbout(file)).toEqual([
    "queue.yml:1: control.socket: the path of the socket has 134 bytes, more than 107; " +
      "write a shorter control.socket",
  ]);
});
