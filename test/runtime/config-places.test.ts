// Stores, modules, addresses, variables and schedules that queue.yml refuses, with the sentence.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import { join } from "node:path";
import { expect, test } from "vitest";
import { complaints, complaintsAbout, temporaryFolder } from "./support/config-file.ts";

const cron = 'write five fields, such as "0 3 * * *", six with seconds first, @daily, or every 10m';
const zone = "write an IANA name, such as Europe/Berlin or UTC";
const file = "write sqlite:./path/to/queue.sqlite";
const store = `${file} or postgres://user:password@host:5432/database`;
const address = 'write host and port, such as "127.0.0.1:7070"';
const task = (rest: string) => `scheduler: { tasks: { t: { ${rest} } } }`;

test.each<[yaml: string, line: string]>([
  // Store, modules, control
  ["store: 5", `store: 5 is a number; put it in quotes, or ${store}`],
  ["store: ./queue.sqlite", `store: this is no store, it has no scheme such as sqlite:; ${store}`],
  ["store: mysql://me:secret@host/db", `store: no store has this scheme; ${store}`],
  ['store: "sqlite:"', `store: the path of the store is missing; ${file}`],
  ['store: "sqlite::memory:"', `store: a store in memory cannot be shared by processes; ${file}`],
  ["store: sqlite:./data/", `store: the path of the store is a folder; ${file}`],
  [
    "store: sqlite://data/q.sqlite",
    `store: after sqlite: comes a path, not // and a host; ${file}`,
  ],
  [
    "store: sqlite:q.sqlite?mode=ro",
    `store: the path of the store has a "?", options are not supported; ${file}`,
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
  ["store: ${A-b}", 'store: "${A…}" is not an expansion; write ${NAME} or ${NAME:-default}'],
  ["store: ${A", 'store: "${…" is not an expansion; write ${NAME} or ${NAME:-default}'],
  ["store: ${}", 'store: "${}" is not an expansion; write ${NAME} or ${NAME:-default}'],
  [
    "workers: [{ threads: '${N:-}' }]",
    "workers[0].threads: this is empty; write a whole number, 0 or more",
  ],
  // Scheduler
  [
    task('schedule: "* * 31 2 *", job: a'),
    `scheduler.tasks.t.schedule: "* * 31 2 *" is never due: no month that it names has such a day; write another day, or * for every month`,
  ],
  [
    task('schedule: "* * * *", job: a'),
    `scheduler.tasks.t.schedule: "* * * *" is not a schedule: it has 4 fields; ${cron}`,
  ],
  [
    task('schedule: "0 0 * * * * 2030", job: a'),
    `scheduler.tasks.t.schedule: "0 0 * * * * 2030" is not a schedule: it has 7 fields; ${cron}`,
  ],
  [
    task('schedule: "61 * * * *", job: a'),
    `scheduler.tasks.t.schedule: "61 * * * *" is not a schedule: "61" is no minute; write 0 to 59, or * for every one`,
  ],
  [
    task('schedule: "every 10ms", job: a'),
    'scheduler.tasks.t.schedule: "every 10ms" is too often; 1s is the shortest',
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
    "scheduler.tasks.t.job: 5 is a number; put it in quotes, or write the name of a job, such as invoice.send",
  ],
  [
    task('schedule: "@daily", job: "7"'),
    'scheduler.tasks.t.job: "7" reads as the id of a job; write the name of a job, such as invoice.send',
  ],
  [
    task('schedule: "@daily", job: a, queue: "mail_*"'),
    'scheduler.tasks.t.queue: "mail_*" stands for many queues; write the name of one queue',
  ],
  [
    task('schedule: "@daily", job: a, priority: 1.5'),
    "scheduler.tasks.t.priority: 1.5 is not whole; write a whole number from -2147483647 to 2147483647",
  ],
  [
    task('schedule: "@daily", job: a, catch_up: two'),
    'scheduler.tasks.t.catch_up: "two" is not a choice; write one of none, one, all',
  ],
  [
    task('schedule: "every 10m", job: a, time_zone: Europe/Berlin'),
    'scheduler.tasks.t.time_zone: "every 10m" has no time zone, because it counts in UTC; ' +
      "leave the time zone out, or write cron",
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

test("a token is never repeated", async () => {
  const lines = await complaints("control: { token: 'secret word' }");
  expect(lines).toHaveLength(1);
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
