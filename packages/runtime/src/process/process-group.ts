// Signals to a command and all that it started: its process group, whose id is the pid of its
// leader. A pid is used again once nobody has it any more, so the leader is looked at before each
// signal; what is left of a group is only swept in the moment its leader ended.

import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { CommandProcess } from "@queue-runtime/store";
import { isAlive } from "./identity.ts";

/** `gone`: the leader has ended. `denied`: it runs as somebody else. */
export type Delivery = "sent" | "gone" | "denied";

export function signalGroup(leader: CommandProcess, signals: readonly NodeJS.Signals[]): Delivery {
  if (!isAlive(leader)) return "gone";
  try {
    for (const signal of signals) process.kill(-leader.pid, signal);
    return "sent";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "denied" : "gone";
  }
}

/** Whether a signal would get there: sends none. */
export function reachGroup(leader: CommandProcess): Delivery {
  if (!isAlive(leader)) return "gone";
  try {
    process.kill(-leader.pid, 0);
    return "sent";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "denied" : "gone";
  }
}

/** To be called in the moment the leader was reaped: its number is nobody else's yet. */
export function sweepGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // nobody is left, or nobody whom we may end
  }
}

/** 0 for a name that this system does not know. */
export function signalNumber(name: string): number {
  return (constants.signals as Readonly<Record<string, number>>)[name] ?? 0;
}

/** A process that says of itself, by its environment, which run of a command it belongs to. */
export interface Marked {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly jobId: number;
  readonly fence: number;
  /** In its group. */
  readonly slot: number;
}

/** Every living process of a command, by the environment it was started with. Linux only. */
export function markedProcesses(): readonly Marked[] {
  return pids().flatMap((pid) => {
    const environment = readText(`/proc/${pid}/environ`);
    if (!environment?.includes("RUNTIME_JOB_ID=")) return [];
    const value = (name: string) =>
      Number(new RegExp(`(?:^|\\0)${name}=(\\d+)`).exec(environment)?.[1] ?? Number.NaN);
    const stat = readText(`/proc/${pid}/stat`) ?? "";
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === undefined || state === "Z" || state === "X") return [];
    const [jobId, fence] = [value("RUNTIME_JOB_ID"), value("RUNTIME_FENCE")];
    const slot = value("RUNTIME_SLOT") || 0;
    const kin = { parent: Number(parent), group: Number(group), session: Number(session) };
    return [{ pid, ...kin, jobId, fence, slot }];
  });
}

/** The slots a command was started with; null where its process does not say. Linux only. */
export function slotsOf(pid: number): readonly number[] | null {
  const environment = readText(`/proc/${pid}/environ`) ?? "";
  const numbers = /(?:^|\0)RUNTIME_SLOTS=(\d+(?:,\d+)*)(?:\0|$)/.exec(environment)?.[1];
  return numbers?.split(",").map(Number) ?? null;
}

/**
 * Ends what is left of a group whose leader was not ours: only those that say they belong to it.
 */
export function sweepMarked(group: number, jobId: number): void {
  for (const each of markedProcesses()) {
    if (each.group === group && each.jobId === jobId) killOne(each.pid);
  }
}

export function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself meanwhile
  }
}

function pids(): readonly number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
