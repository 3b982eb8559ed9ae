import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { localDesk } from "../../packages/runtime/src/control/desk/local.ts";
import { olderOutput } from "../../packages/runtime/src/control/output/cut-note.ts";
import { outputFile } from "../../packages/runtime/src/control/output/files.ts";
import { within } from "../support/pace.ts";
import { controlWorld } from "./support/control-world.ts";

const world = controlWorld();

interface Output {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

function ask(path: string): Promise<Output> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: world.socket, path, headers: { host: "localhost" } },
      (response) => {
        const { statusCode: status = 0, headers } = response;
        buffer(response).then((body) => resolve({ status, headers, body }), reject);
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

/** A command of which these bytes are what it wrote. */
async function written(
  bytes: string | Buffer,
  separate = false,
): Promise<{ id: number; file: string }> {
  const { store, config } = world.target;
  const desk = localDesk({ store, live: null, folder: null });
  const [added] = await desk.add([{ words: ["true"], directory: "/", environment: {}, separate }]);
  const { output } = config.commands!;
  mkdirSync(output, { recursive: true });
  const file = outputFile(output, { id: added!.id, attempt: 1 });
  writeFileSync(file, bytes);
  return { id: added!.id, file };
}

test.each([
  ["a\nb\nc\n", 2, "b\nc\n"],
  ["a\nb\nc", 2, "b\nc"],
  ["a\nb\nc\n", 3, "a\nb\nc\n"],
  ["a\nb\nc\n", 99, "a\nb\nc\n"],
  ["a\nb\nc\n", 0, ""],
  ["", 5, ""],
  ["\n\n\n", 2, "\n\n"],
  ["no end", 1, "no end"],
])("of %j the last %i lines are %j", async (text, lines, last) => {
  await world.serve();
  const { id } = await written(text);
  const { body, headers } = await ask(`/commands/${id}/output?lines=${lines}`);
  expect(body.toString()).toBe(last);
  expect(headers["x-output-bytes"]).toBe(String(text.length));
  expect(headers["x-output-truncated"]).toBe(String(last.length < text.length));
});

test("lines are found across blocks, whatever their length", async () => {
  await world.serve();
  const lines = Array.from({ length: 500 }, (_, at) => `${at}${"x".repeat((at * 977) % 3_000)}\n`);
  const { id } = await written(lines.join(""));
  for (const count of [1, 63, 64, 300, 499]) {
    const { body } = await ask(`/commands/${id}/output?lines=${count}`);
    expect(body.toString()).toBe(lines.slice(-count).join(""));
  }
});

test("bytes that are no text arrive as they are", async () => {
  await world.serve();
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 256));
  const { id } = await written(bytes);
  const { body, headers } = await ask(`/commands/${id}/output`);
  expect(body.equals(bytes)).toBe(true);
  expect(headers["x-content-type-options"]).toBe("nosniff");
});

test("what was cut off comes before what is in the file, and lines are counted through both", async () => {
  await world.serve();
  const { id, file } = await written("c\nd\n");
  writeFileSync(olderOutput(file), "a\nb\n");
  expect((await ask(`/commands/${id}/output`)).body.toString()).toBe("a\nb\nc\nd\n");
  expect((await ask(`/commands/${id}/output?lines=3`)).body.toString()).toBe("b\nc\nd\n");
  expect((await ask(`/commands/${id}/output?lines=1`)).body.toString()).toBe("d\n");
});

test("attempts and stderr have files of their own, and none is no mistake before the first", async () => {
  await world.serve();
  const { id, file } = await written("out", true);
  writeFileSync(file.replace(".log", ".err.log"), "err");
  expect((await ask(`/commands/${id}/output?stderr=true`)).body.toString()).toBe("err");
  expect((await ask(`/commands/${id}/output?attempt=1`)).body.toString()).toBe("out");
  expect((await ask(`/commands/${id}/output?attempt=2`)).status).toBe(404);
  const other = await written("both");
  expect((await ask(`/commands/${other.id}/output?stderr=true`)).status).toBe(400);
});

test("the last ten lines of a gigabyte are there in less than 100 ms", async () => {
  await world.serve();
  const { id, file } = await written("");
  const handle = openSync(file, "w");
  writeSync(handle, `\n${"last\n".repeat(10)}`, 1_000_000_000);
  closeSync(handle);
  await ask(`/commands/${id}/output?lines=1`);
  const before = performance.now();
  const { body, headers } = await ask(`/commands/${id}/output?lines=10`);
  expect(performance.now() - before).toBeLessThan(within(100));
  expect(headers["x-output-bytes"]).toBe("1000000051");
  expect(body.toString()).toBe("last\n".repeat(10));
});

test("who leaves in the middle of a gigabyte leaves no open file behind", async () => {
  await world.serve();
  const { id, file } = await written("");
  const handle = openSync(file, "w");
  writeSync(handle, "end", 1_000_000_000);
  closeSync(handle);
  await new Promise<void>((resolve, reject) => {
    const asked = request(
      { socketPath: world.socket, path: `/commands/${id}/output`, headers: { host: "localhost" } },
      (response) => {
        response.once("data", () => {
          asked.destroy();
          resolve();
        });
        response.on("error", () => undefined);
      },
    );
    asked.on("error", reject);
    asked.end();
  });
  const opened = () =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === file;
      } catch {
        return false;
      }
    });
  await expect.poll(opened).toEqual([]);
});
