import { expect, test } from "vitest";
import { remoteDesk } from "../../packages/runtime/src/control/desk/remote.ts";
import { waitFor } from "../support/wait-for.ts";
import { controlWorld } from "./support/control-world.ts";

const world = controlWorld();

const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$/;

/** Value by name and labels; every line has to be of the format. */
function read(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.trimEnd().split("\n")) {
    if (/^# (HELP|TYPE) [a-z_]+ ./.test(line)) continue;
    const found = sample.exec(line);
    expect(found, line).not.toBeNull();
    values.set(`${found![1]}${found![2] ?? ""}`, Number(found![3]));
  }
  return values;
}

test("figures are those of the store and of what ran, in the format of Prometheus", async () => {
  await world.runCommands();
  const url = await world.serveTcp("secret");
  const desk = remoteDesk(world.socket);
  const group = 'a"b"\\c';
  await desk.addGroup(group, { slots: 4 });
  const environment = { PATH: process.env.PATH! };
  const it = { directory: "/", environment, group };
  await desk.add([
    { ...it, words: ["true"] },
    { ...it, words: ["false"] },
    { ...it, words: ["sleep 60"] },
    { ...it, words: ["true"], stashed: true },
  ]);
  const states = () =>
    desk.list({}).then((rows) =>
      rows
        .map(({ state }) => state)
        .sort()
        .join(),
    );
  await waitFor(async () => (await states()) === "failed,finished,held,running");
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: "Bearer secret" } });
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const values = read(await answer.text());
  const label = 'group="a\\"b\\"\\\\c"';
  expect(values.get('queue_runtime_jobs{state="held"}')).toBe(1);
  expect(values.get(`queue_runtime_commands{${label},state="running"}`)).toBe(1);
  expect(values.get(`queue_runtime_group_slots{${label}}`)).toBe(4);
  expect(values.get(`queue_runtime_group_slots_taken{${label}}`)).toBe(1);
  expect(values.get(`queue_runtime_command_starts_total{${label}}`)).toBe(3);
  const ends = (result: string) =>
    values.get(`queue_runtime_command_ends_total{${label},result="${result}",ended_by="self"}`);
  expect([ends("finished"), ends("failed"), ends("cancelled")]).toEqual([1, 1, undefined]);
  expect(values.get(`queue_runtime_command_duration_seconds_count{${label}}`)).toBe(2);
  expect(values.get(`queue_runtime_command_duration_seconds_bucket{${label},le="+Inf"}`)).toBe(2);
  expect(values.get("nodejs_heap_size_used_bytes")).toBeGreaterThan(1_000_000);
  expect(values.get("process_start_time_seconds")).toBe(1_700_000_000);
});
