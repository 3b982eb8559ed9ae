// A command that takes more memory than there is: the kernel ends it alone, and people are told.

import { expect } from "vitest";
import { MemoryGroup } from "../support/memory-group.ts";
import { testThatNeedsMemoryGroups } from "../support/needs.ts";
import { within } from "../support/pace.ts";
import { ShellProject } from "../support/shell-project.ts";

const test = testThatNeedsMemoryGroups();

test("the out-of-memory killer is named, and who shares the group with its victim goes on", async () => {
  await using group = new MemoryGroup(500 * 1_024 * 1_024);
  await using project = new ShellProject();
  const { wrapper } = group;
  const runtime = await project.up(project.start([], { wrapper }));
  const grow = "const all = []; for (;;) all.push(Buffer.alloc(10_000_000, 1))";
  const id = await project.add(`"${process.execPath}" -e '${grow}'; exit $?`);
  expect(await project.commandIn(id, "failed", { deadlineMs: within(30_000) })).toMatchObject({
    error: { message: "was ended by the out-of-memory killer" },
    command: { endedBy: "oom" },
  });
  expect(group.victims).toBe(1);
  const stranger = await project.add("kill -KILL $$");
  expect(await project.commandIn(stranger, "failed")).toMatchObject({
    command: { endedBy: "self", signal: "SIGKILL" },
  });
  await runtime.stop();
});
