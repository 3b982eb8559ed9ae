// What /proc says about processes, for tests that look from outside. Linux only, as the tests are.

import { readdirSync, readFileSync } from "node:fs";

/** Processes that carry this assignment (`NAME=value`) in their environment; zombies are gone. */
export function processesMarked(assignment: string): number[] {
  return allPids().filter((pid) => {
    const environment = read(`/proc/${pid}/environ`) ?? "";
    return environment.split("\0").includes(assignment) && isRunning(pid);
  });
}

/** A zombie does not run. */
export function isRunning(pid: number): boolean {
  const state = fieldsOf(pid)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

export function childrenOf(parent: number): number[] {
  return allPids().filter((pid) => Number(fieldsOf(pid)?.[1]) === parent && isRunning(pid));
}

/** What `ps` shows: the words of its command line, or the title it gave itself. */
export function titleOf(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  return Number(read(`/proc/${pid}/statm`)?.split(" ")[1]) * 4_096;
}

/** Whether the process has a handler for the signal with this number. */
export function catches(pid: number, signal: number): boolean {
  const mask = /^SigCgt:\s*(\w+)$/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

function allPids(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

/** From the state on: the name before it may itself hold spaces and parentheses. */
function fieldsOf(pid: number): string[] | null {
  const text = read(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
