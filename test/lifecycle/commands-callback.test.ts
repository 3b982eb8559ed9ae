// Callbacks: what is told of commands that ended, to whom, and what happens when nobody hears it.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ask } from "../../packages/runtime/src/control/client.ts";
import { signal } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { gone, ShellProject } from "../support/shell-project.ts";
import { waitFor } from "../support/wait-for.ts";

const note =
  'cat > "$RUNTIME_DIRECTORY/told.$RUNTIME_JOB_ID"; env | grep ^RUNTIME_ | sort > "$RUNTIME_DIRECTORY/env.$RUNTIME_JOB_ID"';

/** A poll would be later. */
// sooner than the look every five seconds that would find it, too
const soon = () => ({ deadlineMs: within(4_000) });

test("a line is given the facts as variables and as JSON, and none of them is code to it", async () => {
  await using project = new ShellProject({ commands: { callback: { command: note } } });
  await project.up();
  const line = `: '"; touch "$DIR/hacked"; $(touch "$DIR/hacked")'; exit 5`;
  const id = await project.add(line, { label: 'a "quoted" $(label)' });
  const told = JSON.parse(await project.written(`told.${id}`));
  expect(told).toEqual({
    job_id: id,
    group: "default",
    result: "failed",
    exit_code: 5,
    signal: null,
    ended_by: "self",
    command: line,
    directory: project.path,
    label: 'a "quoted" $(label)',
    started_at: expect.stringMatching(/^\d{4}-.*Z$/),
    finished_at: expect.stringMatching(/^\d{4}-.*Z$/),
    output: join(project.path, "output", `${id}.1.log`),
    queued: 0,
  });
  const variables = await project.written(`env.${id}`);
  expect(variables).toContain("RUNTIME_EXIT_CODE=5");
  expect(variables).toContain('RUNTIME_LABEL=a "quoted" $(label)');
  expect(variables).toContain("RUNTIME_SIGNAL=\n");
});

test("only the results that are named are told, and a retry is none", async () => {
  await using project = new ShellProject({
    commands: { callback: { command: note, on: ["failed"] } },
  });
  const runtime = await project.up();
  const fine = await project.add("true");
  const retried = await project.add("false", { retryLimit: 1 });
  await project.commandIn(retried, "scheduled");
  const failed = await project.add("false");
  await project.written(`told.${failed}`);
  const told = await runtime.event("command-callback");
  expect(told).toMatchObject({ job: failed, tries: 1 });
  expect(runtime.events("command-callback")).toHaveLength(1);
  expect(await project.command(fine)).toMatchObject({ state: "finished" });
});

test("one that fails is tried again, one that hangs is ended, and both are in the log", async () => {
  const callback = {
    command: 'echo try >> "$RUNTIME_DIRECTORY/tries"; sleep 60',
    timeout: "200ms",
    retries: 1,
  };
  await using project = new ShellProject({ commands: { callback } });
  const runtime = await project.up();
  await project.add("true");
  const given = await runtime.event("command-callback", ({ delay_ms }) => delay_ms === null);
  expect(given).toMatchObject({ tries: 2, level: 50 });
  expect(given.msg).toContain("took longer than 200 ms");
  expect(await project.written("tries")).toBe("try\ntry");
});

test("a webhook is posted the same as JSON, and again when it is answered with an error", async () => {
  const heard: unknown[] = [];
  const server: Server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      heard.push({ type: request.headers["content-type"], ...JSON.parse(body) });
      response.writeHead(heard.length === 1 ? 503 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const callback = { webhook: `http://127.0.0.1:${port}/hook`, on: "finished" };
  await using project = new ShellProject({ commands: { callback } });
  await project.up();
  const id = await project.add("true");
  await waitFor(() => heard.length === 2);
  const facts = { type: "application/json", job_id: id, result: "finished", exit_code: 0 };
  expect(heard).toMatchObject([facts, facts]);
  server.closeAllConnections();
  server.close();
});

test("those that never began because one before them failed are told of at once, and once", async () => {
  await using project = new ShellProject({ commands: { callback: { command: note } } });
  const runtime = await project.up();
  const first = await project.add('while [ ! -e "$DIR/gate" ]; do sleep 0.01; done; exit 3');
  const second = await project.add("true", { after: [first] });
  const third = await project.add("true", { after: [second] });
  project.open();
  for (const id of [second, third]) {
    expect(JSON.parse(await project.written(`told.${id}`, soon()))).toMatchObject({
      ...{ job_id: id, result: "failed", ended_by: "dependency", exit_code: null },
      ...{ started_at: null, output: null },
    });
  }
  const { jobs } = await project.store();
  const held = await project.add("true", { held: true });
  const after = await project.add("true", { after: [held] });
  await jobs.cancel([held]);
  await project.written(`told.${after}`, soon());
  // by the connection of the supervisor, too
  const kept = await project.add("true", { held: true });
  const also = await project.add("true", { after: [kept] });
  const body = { ids: [kept] };
  await ask(join(project.path, "runtime.sock"), { method: "POST", path: "/jobs/cancel", body });
  await project.written(`told.${also}`, soon());
  await runtime.stop();
  const told = runtime.events("command-callback").map(({ job }) => job as number);
  expect(told.toSorted((a, b) => a - b)).toEqual([first, second, third, after, also]);
});

test("one that was due when its process died is told by the next, and none is told again", async () => {
  const command = `[ -e "$RUNTIME_DIRECTORY/gate" ] || sleep 60; ${note}`;
  await using project = new ShellProject({ commands: { callback: { command } } });
  const runtime = await project.up();
  const ids = await project.addMany(["exit 0", "exit 9"]);
  for (const [index, id] of ids.entries()) {
    await project.commandIn(id, index === 0 ? "finished" : "failed");
  }
  const child = await project.pidOf("commands");
  signal(runtime.pid, "SIGKILL");
  signal(child, "SIGKILL");
  await runtime.ended();
  await gone(child);
  project.open();
  const next = await project.up();
  const later = await project.add("true");
  for (const id of [...ids, later]) await project.written(`told.${id}`);
  expect(JSON.parse(await project.written(`told.${ids[1]}`))).toMatchObject({
    ...{ result: "failed", exit_code: 9, ended_by: "self" },
    output: join(project.path, "output", `${ids[1]}.1.log`),
  });
  await next.stop();
  const last = await project.up();
  const one = await project.add("true");
  await project.written(`told.${one}`);
  await last.stop();
  expect(last.events("command-callback").map(({ job }) => job)).toEqual([one]);
});
