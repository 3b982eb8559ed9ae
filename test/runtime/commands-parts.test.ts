// Parts of running commands that decide by what they are told: whose doing an end was, who gets
// which slot, what the system's memory did, and which files nobody asks for any more.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Command, Job, QueuedCommand } from "@queue-runtime/store";
import { describe, expect, test } from "vitest";
import { deleteStale } from "../../packages/runtime/src/child/commands/ended/stale-output.ts";
import { GroupSlots } from "../../packages/runtime/src/child/commands/group-slots.ts";
import {
  type Exit,
  settlementOf,
  unseen,
} from "../../packages/runtime/src/child/commands/run/ending.ts";
import { OomWatch, oomFile } from "../../packages/runtime/src/child/commands/run/oom.ts";
import { OutputLimit } from "../../packages/runtime/src/child/commands/run/output-limit.ts";
import { type Cause, Run } from "../../packages/runtime/src/child/commands/run.ts";
import { temporaryFolder, temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";

interface Ending {
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
  readonly unseen?: true;
  readonly causes?: readonly Cause[];
  /** Sent by the runtime. */
  readonly sent?: readonly NodeJS.Signals[];
  /** Sent by a person, as a signal and no more. */
  readonly fromPeople?: readonly NodeJS.Signals[];
  readonly oom?: true;
}

function endOf(ending: Ending): string {
  const command = { retryLimit: 0, timeoutMs: 100 } as Command;
  const job = { id: 1, fence: 1, attempts: 1, startedAt: null } as Job;
  const run = new Run({ job, command, numbers: [0] });
  for (const cause of ending.causes ?? []) run.blame(cause);
  run.signals.push(...(ending.sent ?? []), ...(ending.fromPeople ?? []));
  run.noteFromPeople(ending.fromPeople ?? []);
  const exit: Exit = { code: ending.code ?? null, signal: ending.signal ?? null };
  const settled = settlementOf(run, ending.unseen ? unseen : exit, () => ending.oom === true);
  return `${settled.outcome} by ${settled.commandEnd?.endedBy}`;
}

describe("an end is the doing of", () => {
  test.for<[string, Ending, string]>([
    ["the program, when it exits with 0", { code: 0 }, "finished by self"],
    ["the program, when it exits otherwise", { code: 1 }, "failed by self"],
    ["the program, when a stranger sends KILL", { signal: "SIGKILL" }, "failed by self"],
    ["the system's memory", { signal: "SIGKILL", oom: true }, "failed by oom"],
    ["the system's memory, through a shell", { code: 137, oom: true }, "failed by oom"],
    [
      "us, when we sent the KILL while the system was short of memory",
      { signal: "SIGKILL", sent: ["SIGTERM", "SIGKILL"], causes: ["timeout"], oom: true },
      "failed by timeout",
    ],
    ["a time-out, whatever it exits with", { code: 0, causes: ["timeout"] }, "failed by timeout"],
    ["a person, whatever it exits with", { code: 0, causes: ["person"] }, "cancelled by person"],
    [
      "a person who comes after a time-out",
      { signal: "SIGKILL", causes: ["timeout", "person"] },
      "cancelled by person",
    ],
    [
      "a person, when it ends by just the signal they sent",
      { signal: "SIGINT", fromPeople: ["SIGINT"] },
      "cancelled by person",
    ],
    [
      "a person, when a shell says so of its child",
      { code: 130, fromPeople: ["SIGINT"] },
      "cancelled by person",
    ],
    [
      "the program, when it takes a person's signal and fails later",
      { code: 1, fromPeople: ["SIGUSR1"] },
      "failed by self",
    ],
    [
      "a stop of the runtime",
      { signal: "SIGTERM", sent: ["SIGTERM"], causes: ["shutdown"] },
      "interrupted by self",
    ],
    [
      "a stop of the runtime, when it says so by its code",
      { code: 143, sent: ["SIGTERM"], causes: ["shutdown"] },
      "interrupted by self",
    ],
    [
      "the program, when it takes the TERM of a stop and says that it is done",
      { code: 0, sent: ["SIGTERM"], causes: ["shutdown"] },
      "finished by self",
    ],
    ["nobody we know of, when nobody saw it", { unseen: true }, "failed by lost"],
    [
      "a person, when nobody saw more than their signal",
      { unseen: true, fromPeople: ["SIGKILL"] },
      "cancelled by person",
    ],
    [
      "a stop of the runtime, also when nobody saw it",
      { unseen: true, sent: ["SIGTERM"], causes: ["shutdown"] },
      "interrupted by self",
    ],
  ])("%s", ([, ending, expected]) => {
    expect(endOf(ending)).toBe(expected);
  });
});

describe("slots of a group", () => {
  const group = { name: "g", slots: 3, paused: false, pauseOnFailure: false };
  const queued = (...slots: number[]): QueuedCommand[] =>
    slots.map((each, index) => ({ id: index + 1, group: "g", slots: each }));
  const fitting = (slots: GroupSlots, ...wanted: number[]) =>
    slots.fitting(queued(...wanted), [group]).map(({ id }) => id);

  test("go to those in front, as far as they last", () => {
    const slots = new GroupSlots();
    expect(fitting(slots, 1, 1, 1, 1)).toEqual([1, 2, 3]);
    slots.take("g", 2);
    expect(fitting(slots, 1, 1)).toEqual([1]);
  });

  test("are kept for one that needs several: nobody overtakes it", () => {
    const slots = new GroupSlots();
    slots.take("g", 2);
    expect(fitting(slots, 2, 1)).toEqual([]);
    expect(fitting(slots, 1, 2)).toEqual([1]);
  });

  test("are all for one that needs more than there are, once nobody else has any", () => {
    const slots = new GroupSlots();
    expect(fitting(slots, 9, 1)).toEqual([1]);
    const numbers = slots.take("g", 1);
    expect(fitting(slots, 9)).toEqual([]);
    slots.give("g", numbers);
    expect(fitting(slots, 9)).toEqual([1]);
  });

  test("beyond the limit are for those who are forced, and count", () => {
    const slots = new GroupSlots();
    expect(slots.take("g", 3)).toEqual([0, 1, 2]);
    expect(slots.take("g", 1)).toEqual([3]);
    slots.give("g", [1]);
    expect(fitting(slots, 1)).toEqual([]);
    expect(slots.take("g", 2)).toEqual([1, 4]);
  });

  test("of a survivor are those that it had, unless somebody has them by now", () => {
    const slots = new GroupSlots();
    expect(slots.retake("g", [0, 2])).toEqual([0, 2]);
    expect(slots.retake("g", [2, 3])).toEqual([3]);
    expect(slots.take("g", 2)).toEqual([1, 4]);
  });
});

test("the out-of-memory killer has as many victims as its count says, for a while", () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "memory.events");
  let now = 0;
  const count = (victims: number) =>
    writeFileSync(file, `low 0\noom 3\noom_kill ${victims}\noom_group_kill 0\n`);
  count(2);
  const watch = new OomWatch(file, () => now);
  expect(watch.takeVictim()).toBe(false);
  count(3);
  // a large process needs some time to go, and looks are taken meanwhile
  for (now = 0; now < 3_000; now += 250) watch.look();
  expect([watch.takeVictim(), watch.takeVictim()]).toEqual([true, false]);
  count(4);
  watch.look();
  now += 60_000;
  expect(watch.takeVictim()).toBe(false);
  // a system that does not count is no reason to blame it
  expect(new OomWatch(join(folder.path, "nothing")).takeVictim()).toBe(false);
});

test.for([
  ["a service", "0::/system.slice/queue.service\n", "system.slice/queue.service/memory.events"],
  ["a container", "0::/\n", "memory.events"],
  ["a container that sees the path of its host", "0::/kubepods/pod1/abc\n", "memory.events"],
  ["a container below the root of its namespace", "0::/../abc\n", "memory.events"],
  ["a host of version 1", "4:cpu,memory:/user/a\n0::/\n", "memory/user/a/memory.oom_control"],
  ["a container of version 1", "4:memory:/docker/a\n", "memory/memory.oom_control"],
] as const)("its victims are counted by %s in its own control group", ([, groups, file]) => {
  using folder = temporaryFolder();
  const counts = join(folder.path, "sys/fs/cgroup", file);
  for (const each of [counts, join(folder.path, "proc/self/cgroup")]) {
    mkdirSync(dirname(each), { recursive: true });
  }
  writeFileSync(join(folder.path, "proc/self/cgroup"), groups);
  expect(oomFile(folder.path)).toBe(join(folder.path, "proc/vmstat"));
  writeFileSync(counts, "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
  expect(realpathSync(oomFile(folder.path))).toBe(realpathSync(counts));
});

test("output beyond the limit loses its oldest part, however often", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "1.1.log");
  const limit = new OutputLimit({
    limitBytes: () => 1_000,
    files: () => [],
    looked: () => undefined,
  });
  const kept = () =>
    [`${file}.1`, file]
      .map((each) => (existsSync(each) ? readFileSync(each, "utf8") : ""))
      .join("");
  let whole = "";
  for (let round = 0; round < 5; round++) {
    const more = Array.from({ length: 100 }, (_, line) => `${round}.${line}\n`).join("");
    whole += more;
    writeFileSync(file, more, { flag: "a" });
    limit.ended([file]);
    await waitFor(() => kept().length <= 1_000);
    expect(whole.endsWith(kept())).toBe(true);
    expect(kept().length).toBeGreaterThanOrEqual(Math.min(500, whole.length));
  }
});

test("the end of a flood is kept, however fast it came, and no more than the limit", async () => {
  using folder = temporaryFolder();
  const options = { limitBytes: () => 1_000_000, files: () => [], looked: () => undefined };
  for (let round = 0; round < 5; round++) {
    const file = join(folder.path, `${round}.1.log`);
    const output = openSync(file, "a");
    const flood = spawn("sh", ["-c", "head -c 200000000 /dev/zero; echo the end"], {
      stdio: ["ignore", output, "ignore"],
    });
    closeSync(output);
    const limit = new OutputLimit(options);
    // as often as it can be: so that a cut meets the last write
    const looks = setInterval(() => limit.ended([file]), 1);
    await once(flood, "close");
    clearInterval(looks);
    limit.ended([file]);
    const sizes = () => statSync(file).size + statSync(`${file}.1`).size;
    await waitFor(() => !existsSync(`${file}.1.new`) && sizes() <= 1_000_000);
    const kept = [`${file}.1`, file].map((each) => readFileSync(each, "utf8").slice(-8)).join("");
    expect(kept).toContain("the end\n");
  }
});

test("output that rested for long goes when its command is gone, and nothing else", async () => {
  await using opened = await temporaryStore();
  using folder = temporaryFolder();
  const { store } = opened;
  const command = { line: "true", argv: null, directory: "/", environment: {} };
  const [known] = await store.jobs.enqueue([{ name: "command", kind: "command", command }]);
  const old = [
    `${known!.id}.1.log`,
    "77.1.log",
    "77.1.log.1",
    "77.1.log.cut",
    "77.2.err.log",
    "notes.txt",
  ];
  for (const file of [...old, "78.1.log"]) writeFileSync(join(folder.path, file), "");
  for (const file of old) utimesSync(join(folder.path, file), 1_000, 1_000);
  await deleteStale({ store, folder: folder.path, before: 2_000_000 });
  const left = [...old, "78.1.log"].filter((file) => existsSync(join(folder.path, file)));
  expect(left).toEqual([`${known!.id}.1.log`, "notes.txt", "78.1.log"]);
});
