// `commands:` of queue.yml: what it means where it is written, and what it refuses. Its defaults are
// in config.test.ts.

import { dirname } from "node:path";
import { expect, test } from "vitest";
import { complaints, load } from "./support/config-file.ts";

test("every key of commands is taken as it is written", async () => {
  const { commands, file } = await load(`commands:
  shell: [bash, -e, -c]
  output: ./there
  output_limit: 1.5MB
  kill_grace: 0s
  on_crash: end
  callback: { webhook: "https://example.com/hook?key=1", on: failed, timeout: 2s, retries: 0 }`);
  expect(commands).toEqual({
    shell: ["bash", "-e", "-c"],
    output: `${dirname(file)}/there`,
    outputLimitBytes: 1_572_864,
    killGraceMs: 0,
    onCrash: "end",
    callback: {
      command: null,
      webhook: "https://example.com/hook?key=1",
      on: ["failed"],
      timeoutMs: 2_000,
      retries: 0,
    },
  });
});

test("the output of commands is beside a file, and below data for a server", async () => {
  const beside = await load("store: sqlite:./elsewhere/queue.sqlite");
  expect(beside.commands?.output).toBe(`${dirname(beside.file)}/elsewhere/output`);
  const server = await load("store: postgres://user@host/database");
  expect(server.commands?.output).toBe(`${dirname(server.file)}/data/output`);
});

test("false switches commands off; alone they are something to run when they are asked for", async () => {
  expect((await load("commands: false")).commands).toBe(null);
  expect(await complaints("workers: []\ndispatcher: false\ncommands: {}")).toEqual([]);
  expect(await complaints("workers: []\ndispatcher: false\ncommands: false")).toHaveLength(1);
});
