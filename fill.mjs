import { openStore } from "/work/main/packages/store/dist/index.js";

const s = await openStore("sqlite:/tmp/mine/st/q.sqlite");
for (let i = 0; i < 10; i++)
  await s.jobs.enqueue(
    Array.from({ length: 10000 }, () => ({
      name: "command",
      kind: "command",
      queue: "parked",
      command: { line: "true", argv: null, directory: "/tmp", environment: { PATH: "/bin" } },
    })),
  );
await s.close();
