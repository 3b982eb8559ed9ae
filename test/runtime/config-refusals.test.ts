// Numbers, durations, keys and workers that queue.yml refuses, with the sentence a person reads.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import { expect, test } from "vitest";
import { complaints } from "./support/config-file.ts";

const unit = "write a number and a unit, such as 500ms, 25s, 5m, 1h or 7d";
const queue = 'write the name of a queue, or "*" for all';

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
  // Limits and queues
  [
    "concurrency: { limits: { a: 0 } }",
    "concurrency.limits.a: 0 is too small; write a whole number from 1 to 100000",
  ],
  [
    "concurrency: { limits: { a: -1 } }",
    "concurrency.limits.a: -1 is too small; write a whole number from 1 to 100000",
  ],
  [
    'concurrency: { limits: { "5": 5 } }',
    'concurrency.limits.5: "5" reads as the id of a job; write the name of a job, such as invoice.send',
  ],
  ["concurrency: { limit: { a: 1 } }", 'concurrency.limit: unknown key; did you mean "limits"?'],
  [
    "concurrency: { limits: [a] }",
    "concurrency.limits: this is a list; write the name of a job and a number, such as invoice.send: 5",
  ],
  [
    'queues: { "mail_*": { slots: 1 } }',
    'queues."mail_*": "mail_*" stands for many queues; write the name of one queue',
  ],
  ["queues: { mail: { slot: 1 } }", 'queues.mail.slot: unknown key; did you mean "slots"?'],
  [
    "queues: { mail: { slots: 0 } }",
    "queues.mail.slots: 0 is too small; write a whole number from 1 to 100000",
  ],
  [
    "queues: { mail: { rate: 100/1s } }",
    'queues.mail.rate: "100/1s" is text; write keys below it, or false to switch it off',
  ],
  [
    "queues: { mail: { rate: { limit: 5 } } }",
    "queues.mail.rate: per is missing; write in which period, such as per: 1s",
  ],
  [
    "queues: { mail: { rate: { per: 1s } } }",
    "queues.mail.rate: limit is missing; write how many runs may begin, such as limit: 100",
  ],
  [
    "queues: { mail: { rate: { limit: 5, per: 1 } } }",
    `queues.mail.rate.per: 1 has no unit; ${unit}`,
  ],
  [
    "queues: { mail: { rate: { limit: 5, per: 1s, burst: 6 } } }",
    "queues.mail.rate.burst: 6 is more than the limit 5: use 5 or less",
  ],
  [
    "queues: { mail: { rate: { limit: 10, per: 10s, burst: 9 } } }",
    "queues.mail.rate.burst: 9 does not divide the limit 10: use 1, 2, 5 or 10",
  ],
  ["queues: { mail: { fair: maybe } }", 'queues.mail.fair: "maybe" is text; write true or false'],
  [
    "commands: { shell: sh }",
    'commands.shell: "sh" is text; write a program and its arguments, such as ["bash", "-c"]',
  ],
  [
    "commands: { output_limit: 10 }",
    "commands.output_limit: 10 is a number; write a number and a unit, such as 500kB, 100MB or 2GB",
  ],
  [
    "commands: { output_limit: 1kB }",
    'commands.output_limit: "1kB" is too small; write a number and a unit, such as 500kB, 100MB or 2GB',
  ],
  [
    "commands: { on_crash: ignore }",
    'commands.on_crash: "ignore" is not a choice; write one of adopt, end',
  ],
  ["commands: { callback: {} }", "commands.callback: write either command or webhook"],
  [
    "commands: { callback: { webhook: ftp://host/secret } }",
    "commands.callback.webhook: this is no URL of http or https; write a URL, such as https://example.com/hook",
  ],
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
