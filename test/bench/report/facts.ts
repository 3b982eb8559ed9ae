// What the machine is, because a figure without it means nothing.

import { spawnSync } from "node:child_process";
import { closeSync, fdatasyncSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { nativeFolder } from "../../support/postgres/binaries.ts";
import { percentile } from "./figures.ts";

export interface Facts {
  readonly at: string;
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly sqlite: string;
  /** The server that the benchmarks start; null where its programs are not installed. */
  readonly postgres: string | null;
  readonly redis: string | null;
  /** Whom we compare with, and in which version. */
  readonly peers: Readonly<Record<string, string>>;
  /** Of one write of 4 KiB and fdatasync in the folder of the stores, in milliseconds. */
  readonly fsyncMs: { readonly p50: number; readonly p99: number };
  /**
   * A fixed loop, warm, ten times, in milliseconds: a wide range means that others use the cores.
   */
  readonly loopMs: { readonly best: number; readonly worst: number };
  readonly loadBefore: number;
}

export function readFacts(folder: string): Facts {
  const loadBefore = loadavg()[0]!;
  return {
    at: new Date().toISOString(),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.versions.node,
    sqlite: process.versions.sqlite ?? "unknown",
    postgres: postgresVersion(),
    redis: versionOf("redis-server", /v=([\d.]+)/),
    peers: peerVersions(),
    fsyncMs: fsyncLatency(join(folder, "fsync")),
    loopMs: loopTime(),
    loadBefore,
  };
}

export function describeFacts(facts: Facts): string {
  const { cores, cpu, memoryGb, kernel, node, sqlite, fsyncMs, loopMs, loadBefore } = facts;
  const { postgres, redis } = facts;
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const machine = `${cores} cores (${cpu}), ${memoryGb} GB, Linux ${kernel}`;
  return [
    `${facts.at}: ${machine}`,
    `Node ${node}, SQLite ${sqlite}, PostgreSQL ${postgres ?? "none"}, Redis ${redis ?? "none"}`,
    peersIn(facts),
    `fdatasync of 4 KiB: p50 ${ms(fsyncMs.p50)}, p99 ${ms(fsyncMs.p99)}`,
    `a fixed loop: ${ms(loopMs.best)} to ${ms(loopMs.worst)}; load: ${loadBefore.toFixed(2)}`,
  ].join("\n");
}

/** Names and versions, without what they are built on. */
export function peersIn({ peers }: Facts): string {
  return ["graphile-worker", "pg-boss", "bullmq", "sidequest", "plainjob"]
    .map((name) => `${name} ${peers[name]}`)
    .join(", ");
}

function postgresVersion(): string | null {
  try {
    return versionOf(join(nativeFolder(), "bin/postgres"), /(\d+\.\d+)/);
  } catch {
    // whatever needs it will say so
    return null;
  }
}

function versionOf(program: string, number: RegExp): string | null {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return number.exec(stdout ?? "")?.[1] ?? null;
}

function peerVersions(): Readonly<Record<string, string>> {
  const file = new URL("../package.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).dependencies;
}

function fsyncLatency(file: string): Facts["fsyncMs"] {
  const block = Buffer.alloc(4_096, 1);
  const descriptor = openSync(file, "w");
  const samples = Array.from({ length: 300 }, () =>
    timed(() => {
      writeSync(descriptor, block);
      fdatasyncSync(descriptor);
    }),
  );
  closeSync(descriptor);
  unlinkSync(file);
  return { p50: percentile(samples, 50), p99: percentile(samples, 99) };
}

function loopTime(): Facts["loopMs"] {
  const samples = Array.from({ length: 12 }, () => timed(spin)).slice(2);
  return { best: Math.min(...samples), worst: Math.max(...samples) };
}

function spin(): number {
  let value = 1;
  for (let step = 0; step < 20_000_000; step += 1) value = (value * 48_271) % 2_147_483_647;
  return value;
}

function timed(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

/** The commit that was measured, or null outside a checkout. */
export function commitOf(root: string): string | null {
  try {
    const head = readFileSync(join(root, ".git/HEAD"), "utf8").trim();
    const branch = /^ref: (.*)$/.exec(head)?.[1];
    return (branch ? readFileSync(join(root, ".git", branch), "utf8").trim() : head).slice(0, 10);
  } catch {
    return null;
  }
}
