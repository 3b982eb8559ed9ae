// `commands:` of queue.yml: what it means where it is written, and what it refuses. Its defaults are
// in config.test.ts.

import { dirname, join } from "node:path";
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

test.for([
  ["sqlite:./elsewhere/queue.sqlite", "elsewhere/queue.output"],
  ["sqlite:./elsewhere/other.sqlite", "elsewhere/other.output"],
  ["sqlite:./elsewhere/queue.db", "elsewhere/queue.db.output"],
  ["postgres://user:secret@host/database", "data/output-host-database"],
  ["postgres://user:secret@host:6432/database", "data/output-host-6432-database"],
  ["postgres://user@[::1]/my%20data", "data/output-1-my_20data"],
  ["postgres://user@/database?host=/run/postgresql", "data/output-run_postgresql-database"],
] as const)(
  "the output of commands of %s is in %s, and no other store's",
  async ([url, folder]) => {
    const { commands, file } = await load(`store: ${url}`);
    expect(commands?.output).toBe(join(dirname(file), folder));
  },
);

test("false switches commands off; alone they are something to run when they are asked for", async () => {
  expect((await load("commands: false")).commands).toBe(null);
  expect(await complaints("workers: []\ndispatcher: false\ncommands: {}")).toEqual([]);
  expect(await complaints("workers: []\ndispatcher: false\ncommands: false")).toHaveLength(1);
});
