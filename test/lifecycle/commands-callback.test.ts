// Callbacks: what is told of commands that ended, to whom, and what happens when nobody hears it.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ShellProject } from "../support/shell-project.ts";
import { waitFor } from "../support/wait-for.ts";

const note =
  'cat > "$RUNTIME_DIRECTORY/told.$RUNTIME_JOB_ID"; env | grep ^RUNTIME_ | sort > "$RUNTIME_DIRECTORY/env.$RUNTIME_JOB_ID"';

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
