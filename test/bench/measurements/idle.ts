// Budget row "idle: queries per host and minute / CPU". A runtime with the default configuration
// and nothing to do. Its CPU time is from /proc. PostgreSQL counts the statements meanwhile. With
// SQLite strace counts, afterwards, locks on the shared memory of the write-ahead log: every
// transaction, a lone SELECT or PRAGMA included, takes one read lock there, every one that writes
// the write lock as well. So there "queries" are transactions.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { childrenOf } from "../../support/proc.ts";
import { monotonic } from "../../support/runtime-process.ts";
import type { Bench, Measurement } from "../harness/measurement.ts";
import { childPids, Project } from "../harness/project.ts";
import {
  atMost,
  type Budget,
  below,
  type Figure,
  type Measured,
  medianOf,
} from "../report/figures.ts";
import { type Counts, readCounts } from "../servers/statistics.ts";

export const idle: Measurement = {
  name: "idle",
  title: "An idle runtime: supervisor, a worker with 3 threads, dispatcher",
  limitMs: 130_000,
  run,
};

/**
 * SQLite's locks in the shared memory: the byte for writers, the first and last one for readers.
 */
const writerByte = 120;
const readerBytes = [123, 127] as const;
const clockTicksPerSecond = 100;

async function run(bench: Bench): Promise<readonly Figure[]> {
  if (bench.store === "postgres") await bench.postgres({ statements: true });
  await using project = await Project.create(bench);
  const runtime = await project.start().ready();
  await sleep(3_000);
  const pids = [runtime.pid, ...childrenOf(runtime.pid)];
  const counted = bench.store === "postgres" ? await readCounts(project.url) : null;
  const began = monotonic();
  const cpu = await cpuPercent(pids, bench.many(60_000, 3_000));
  const figures: Figure[] = [medianOf("CPU of all processes, of one core", "%", [cpu], below(1))];
  if (counted) figures.push(...(await sentSince(project, counted, began)));
  else figures.push(...(await lockedBy(bench, project, { pids, supervisor: runtime.pid })));
  await runtime.stop();
  return figures;
}

/** What the server counted; reading it is one statement and one commit each time. */
async function sentSince(project: Project, before: Counts, since: number): Promise<Figure[]> {
  const after = await readCounts(project.url);
  const perMinute = 60_000 / (monotonic() - since);
  const rate = (key: "statements" | "commits"): number =>
    (after[key] - before[key] - 1) * perMinute;
  return [
    medianOf("statements", "/min", [rate("statements")], atMost(60)),
    medianOf("commits", "/min", [rate("commits")]),
  ];
}

async function lockedBy(
  bench: Bench,
  project: Project,
  { pids, supervisor }: { readonly pids: readonly number[]; readonly supervisor: number },
): Promise<Figure[]> {
  const locks = await traceLocks(pids, `${project.folder}/strace`, bench.many(30_000, 10_000));
  if (locks) return transactions(locks, supervisor);
  return [{ what: "transactions on the store", missing: "strace is not there or may not attach" }];
}

async function cpuPercent(pids: readonly number[], ms: number): Promise<number> {
  const ticks = (): number => pids.map(cpuTicks).reduce((total, each) => total + each);
  const before = ticks();
  const began = monotonic();
  await sleep(ms);
  const seconds = (ticks() - before) / clockTicksPerSecond;
  return (seconds / ((monotonic() - began) / 1_000)) * 100;
}

/** User and system time of all threads. */
function cpuTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

interface Lock {
  readonly pid: number;
  readonly kind: string;
  readonly byte: number;
}

interface Locks {
  readonly perMinute: number;
  readonly taken: readonly Lock[];
}

function transactions({ taken, perMinute }: Locks, supervisor: number): Measured[] {
  const [first, last] = readerBytes;
  const all = taken.filter(({ kind, byte }) => kind === "RD" && byte >= first && byte <= last);
  const writing = taken.filter(({ kind, byte }) => kind === "WR" && byte === writerByte);
  const figure = (what: string, locks: readonly Lock[], budget: Budget | null = null): Measured =>
    medianOf(what, "/min", [locks.length * perMinute], budget);
  const children = ["worker", "dispatcher"].map((kind) => {
    const pids = childPids(supervisor, `runtime ${kind}`);
    return figure(
      `of which by the ${kind}`,
      all.filter(({ pid }) => pids.includes(pid)),
    );
  });
  return [
    figure("transactions on the store", all, atMost(60)),
    figure("of which write", writing),
    ...children,
  ];
}

/** null where strace cannot be had. The main thread, whose id is the pid, does all SQL. */
async function traceLocks(
  pids: readonly number[],
  file: string,
  ms: number,
): Promise<Locks | null> {
  const attach = pids.flatMap((pid) => ["-p", String(pid)]);
  const options = ["-f", "-qq", "-e", "trace=fcntl", "-o", file, ...attach];
  const strace = spawn("strace", options, { stdio: "ignore" });
  const ended = once(strace, "exit").catch(() => null);
  const early = await Promise.race([ended.then(() => true), sleep(ms, false)]);
  if (early) return null;
  strace.kill("SIGINT");
  await ended;
  const lock = /^(\d+) .*l_type=F_(RD|WR)LCK, .*l_start=(\d+), /;
  const taken = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => lock.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, kind, byte]) => ({ pid: Number(pid), kind: kind!, byte: Number(byte) }));
  return { perMinute: 60_000 / ms, taken };
}
