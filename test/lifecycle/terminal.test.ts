// A runtime on a real pseudo terminal: Ctrl-C, Ctrl-\ and Ctrl-Z reach the whole foreground group,
// and closing the terminal sends HUP to it. python3 opens the terminal; see support/on-terminal.py.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { testThatNeeds } from "../support/needs.ts";
import { within } from "../support/pace.ts";
import { childrenOf, isRunning } from "../support/proc.ts";
import { Project } from "../support/project.ts";
import { bin, monotonic } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

const test = testThatNeeds("python3");
const onTerminal = fileURLToPath(new URL("../support/on-terminal.py", import.meta.url));
const keys = { "Ctrl-C": "\x03", "Ctrl-\\": "\x1c", "Ctrl-Z": "\x1a" } as const;

/** A program whose standard streams are a terminal of its own. */
class OnTerminal {
  screen = "";
  readonly exited: Promise<number>;
  readonly #terminal;

  constructor(project: Project, command: readonly string[]) {
    this.#terminal = spawn("python3", [onTerminal, ...command], {
      cwd: project.path,
      env: project.env,
    });
    this.#terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.screen += text;
    });
    this.exited = once(this.#terminal, "exit").then(([code]) => code as number);
  }

  press(key: keyof typeof keys): void {
    this.#terminal.stdin.write(keys[key]);
  }

  /** As when a window or a connection closes: python lets go of the terminal, and HUP follows. */
  close(): void {
    this.#terminal.stdin.end();
  }

  async shows(text: string): Promise<void> {
    await waitFor(() => this.screen.includes(text), {
      deadlineMs: within(15_000),
      what: `"${text}" on\n${this.screen}`,
    }).catch(() => {
      throw new Error(`"${text}" never came:\n${this.screen}`);
    });
  }
}

const start = [process.execPath, bin, "start", "-c", "queue.yml"];

test("Ctrl-C stops the whole family in order, and the terminal is told so in words", async () => {
  await using project = new Project({ config: { log: { level: "info" } } });
  const terminal = new OnTerminal(project, start);
  await terminal.shows("ready: 2 processes");
  const id = await project.enqueue("wait", { ms: 400 });
  await project.recorded("start");
  terminal.press("Ctrl-C");
  expect(await terminal.exited).toBe(0);
  expect(terminal.screen).toContain("stopping (SIGINT)");
  expect(terminal.screen).toMatch(/stopped after .*, exit code 0/);
  expect(terminal.screen).not.toContain('"level"');
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1 });
  expect(project.pids()).toEqual([]);
});

test("Ctrl-C twice interrupts what still runs", async () => {
  await using project = new Project({ config: { shutdown_timeout: "4s" } });
  const terminal = new OnTerminal(project, start);
  await terminal.shows("ready: 2 processes");
  const id = await project.enqueue("listen", { ms: 60_000 });
  await project.recorded("start");
  terminal.press("Ctrl-C");
  await terminal.shows("stopping (SIGINT)");
  await waitFor(() => terminal.screen.includes("1 running"));
  const began = monotonic();
  await new Promise((resolve) => setTimeout(resolve, 100));
  terminal.press("Ctrl-C");
  expect(await terminal.exited).toBe(0);
  expect(monotonic() - began).toBeLessThan(within(1_200));
  expect(await project.job(id)).toMatchObject({ state: "ready", attempts: 0, interruptions: 1 });
});

test("through npm, which passes the signal on a second time, Ctrl-C is still one orderly stop", async () => {
  const scripts = { start: `"${process.execPath}" "${bin}" start -c queue.yml` };
  const files = { "package.json": JSON.stringify({ name: "project", private: true, scripts }) };
  await using project = new Project({ files });
  const terminal = new OnTerminal(project, ["npm", "start"]);
  await terminal.shows("ready: 2 processes");
  const id = await project.enqueue("wait", { ms: 800 });
  await project.recorded("start");
  terminal.press("Ctrl-C");
  await terminal.exited;
  await waitFor(() => project.pids().length === 0);
  expect(terminal.screen).not.toContain("again: on to");
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1 });
});

test("closing the terminal is a stop: jobs end, and nothing outlives it", async () => {
  await using project = new Project();
  const terminal = new OnTerminal(project, start);
  await terminal.shows("ready: 2 processes");
  const id = await project.enqueue("wait", { ms: 500 });
  await project.recorded("start");
  terminal.close();
  await terminal.exited;
  await waitFor(() => project.pids().length === 0);
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1 });
  expect(await project.status()).toMatchObject({ running: false, processes: [] });
});

test("HUP while the terminal is still there is a reload", async () => {
  await using project = new Project();
  const terminal = new OnTerminal(project, start);
  await terminal.shows("ready: 2 processes");
  const { pid } = await project.status();
  process.kill(pid!, "SIGHUP");
  await terminal.shows("reloaded: 2 new processes");
  terminal.press("Ctrl-C");
  expect(await terminal.exited).toBe(0);
});

test("Ctrl-Z makes it quiet instead of freezing it in the middle of its jobs", async () => {
  await using project = new Project();
  const terminal = new OnTerminal(project, start);
  await terminal.shows("ready: 2 processes");
  const running = await project.enqueue("wait", { ms: 400 });
  await project.recorded("start");
  terminal.press("Ctrl-Z");
  await terminal.shows("quiet: nothing is claimed");
  const { pid } = await project.status();
  await project.becomes(running, "finished");
  expect(isRunning(pid!)).toBe(true);
  expect(childrenOf(pid!)).toHaveLength(2);
  terminal.press("Ctrl-C");
  expect(await terminal.exited).toBe(0);
});

test("Ctrl-\\ quits: jobs are handed back at once", async () => {
  await using project = new Project();
  const terminal = new OnTerminal(project, start);
  await terminal.shows("ready: 2 processes");
  const id = await project.enqueue("wait", { ms: 60_000 });
  await project.recorded("start");
  const began = monotonic();
  terminal.press("Ctrl-\\");
  expect(await terminal.exited).toBe(0);
  expect(monotonic() - began).toBeLessThan(within(1_000));
  expect(await project.job(id)).toMatchObject({ state: "ready", attempts: 0, crashes: 0 });
});
