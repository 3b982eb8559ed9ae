// Lines of text: from real files and streams cut anywhere, resumed after every line.

import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { enumerators } from "@queue-runtime/job";
import { describe, expect, test } from "vitest";
import {
  all,
  chunked,
  expectResumable,
  file,
  folder,
  itemsOf,
  makeFolder,
  sources,
} from "../support/files.ts";

makeFolder();

const { lines } = enumerators;

describe("lines", () => {
  test.for<[string, string, string[]]>([
    ["nothing", "", []],
    ["one line without an end", "a", ["a"]],
    ["one line", "a\n", ["a"]],
    ["empty lines", "\n\na\n\n", ["", "", "a", ""]],
    ["carriage returns", "a\r\nb\r\n\r\nc", ["a", "b", "", "c"]],
    ["a byte order mark", "\ufeffä\n\ufeff😀\n", ["ä", "\ufeff😀"]],
    ["many bytes per character", "äöü€😀\n😀😀\nñ", ["äöü€😀", "😀😀", "ñ"]],
  ])("%s", async ([_, text, expected]) => {
    for (const [name, source] of sources(text)) {
      await expectResumable((cursor) => lines(source, { cursor }), expected).catch((error) => {
        throw new Error(`from ${name}: ${error.message}`, { cause: error });
      });
    }
  });

  test("say how many lines are done and at which byte the next one begins", async () => {
    writeFileSync(file, "ä\r\nb");
    expect(await all(lines(file, { cursor: null }))).toEqual([
      ["ä", { line: 1, byte: 4 }],
      ["b", { line: 2, byte: 5 }],
    ]);
  });

  test("that were appended meanwhile come too", async () => {
    writeFileSync(file, "a\nb\n");
    const [, second] = await all(lines(file, { cursor: null }));
    appendFileSync(file, "c\n");
    expect(await itemsOf(lines(file, { cursor: second![1] }))).toEqual(["c"]);
  });

  test("of a large file do not read it again from the beginning", async () => {
    const opened: number[] = [];
    const openAt = (byte: number) => {
      opened.push(byte);
      return Readable.from([Buffer.from("rest\n")]);
    };
    await all(lines({ openAt }, { cursor: { line: 1_000_000, byte: 5_000_000_000 } }));
    expect(opened).toEqual([5_000_000_000]);
  });

  test("close their file when they are left early", async () => {
    const stream = chunked("a\nb\nc\n", 2)();
    for await (const _ of lines(() => stream, { cursor: null })) break;
    expect(stream.destroyed).toBe(true);
  });

  test("of a file that has become shorter are refused", async () => {
    writeFileSync(file, "a\n");
    const cursor = { line: 9, byte: 900 };
    for (const [, source] of sources("a\n").filter(([name]) => !name.includes("anywhere"))) {
      await expect(all(lines(source, { cursor }))).rejects.toThrow("shorter than the 900 bytes");
    }
  });

  test("without end are refused before they fill the memory", async () => {
    const endless = () => Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(1 << 20)));
    await expect(all(lines(endless, { cursor: null }))).rejects.toThrow("longer than 16777216");
  });

  test("of a missing file and with a wrong cursor fail with a reason", async () => {
    await expect(all(lines(join(folder, "none"), { cursor: null }))).rejects.toThrow("ENOENT");
    expect(() => lines(file, { cursor: 5 })).toThrow('is like {"line": 1, "byte": 20}, not 5');
    expect(() => lines(file, {} as never)).toThrow("enumerators.lines needs the cursor");
    await expect(all(lines(5 as never, { cursor: null }))).rejects.toThrow("not a number");
  });
});
