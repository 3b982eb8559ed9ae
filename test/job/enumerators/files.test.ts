// Lines and CSV rows: from real files and streams cut anywhere, resumed after every row.

import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { type ByteSource, type Enumerator, enumerators } from "@queue-runtime/job";
import type { Json } from "@queue-runtime/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const { csv, lines } = enumerators;

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "files-"));
  file = join(folder, "input");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function all<Item>(enumerator: Enumerator<Item>): Promise<[Item, Json][]> {
  const pairs: [Item, Json][] = [];
  for await (const [item, cursor] of enumerator) pairs.push([item, cursor]);
  return pairs;
}

const itemsOf = async <Item>(enumerator: Enumerator<Item>) =>
  (await all(enumerator)).map(([item]) => item);

/** A stream in chunks of `size` bytes. */
const chunked = (text: string, size: number) => () => {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / size);
  const chunks = Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  return Readable.from(chunks, { objectMode: false });
};

/** Every way to read the same bytes. */
function sources(text: string): [string, ByteSource][] {
  writeFileSync(file, text);
  const openAt = (byte: number) => Readable.from([Buffer.from(text).subarray(byte)]);
  return [
    ["a path", file],
    ["a URL", pathToFileURL(file)],
    ["a stream of single bytes", chunked(text, 1)],
    ["a stream of 7 bytes", chunked(text, 7)],
    ["a stream that can begin anywhere", { openAt }],
  ];
}

async function expectResumable<Item>(build: (cursor: Json) => Enumerator<Item>, items: Item[]) {
  const pairs = await all(build(null));
  expect(pairs.map(([item]) => item)).toEqual(items);
  for (const [index, [, cursor]] of pairs.entries()) {
    expect(await all(build(cursor))).toEqual(pairs.slice(index + 1));
  }
}

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

describe("csv", () => {
  const rows = (source: ByteSource, delimiter = ",") =>
    expectAll((cursor) => csv(source, { cursor, header: false, delimiter }));
  const expectAll = (build: (cursor: Json) => Enumerator<readonly string[]>) => ({
    are: (expected: string[][]) => expectResumable(build, expected),
  });

  test.for<[string, string, string[][]]>([
    [
      "plain fields",
      "a,b\nc,d\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "no last line end",
      "a,b\nc,d",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "carriage returns",
      "a,b\r\nc,d\r\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      "empty fields",
      ",\n,,\na,\n",
      [
        ["", ""],
        ["", "", ""],
        ["a", ""],
      ],
    ],
    ["empty lines", "\na\n\n\r\nb\n\n", [["a"], ["b"]]],
    [
      "quotes",
      '"a","b""c",""\n"d,e",f,g\n',
      [
        ["a", 'b"c', ""],
        ["d,e", "f", "g"],
      ],
    ],
    [
      "line ends in quotes",
      '"a\nb","c\r\nd"\n"\n",e\n',
      [
        ["a\nb", "c\r\nd"],
        ["\n", "e"],
      ],
    ],
    ["quotes at the end of a quoted field", '"""a"""\n""""\n', [['"a"'], ['"']]],
    [
      "quotes within plain fields",
      '5" pipe,x\n6 "in" y,z\n',
      [
        ['5" pipe', "x"],
        ['6 "in" y', "z"],
      ],
    ],
    ["quoted with a carriage return after", '"a","b"\r\n"c"\r\n', [["a", "b"], ["c"]]],
    [
      "a mark before quotes",
      '\ufeff"a\nb",c\nd,e\n',
      [
        ["a\nb", "c"],
        ["d", "e"],
      ],
    ],
    [
      "many bytes per character",
      'ä,"😀\n€"\nö,ü\n',
      [
        ["ä", "😀\n€"],
        ["ö", "ü"],
      ],
    ],
    ["an empty quoted line is a row", '""\na\n', [[""], ["a"]]],
  ])("%s", async ([_, text, expected]) => {
    for (const [name, source] of sources(text)) {
      await rows(source)
        .are(expected)
        .catch((error) => {
          throw new Error(`from ${name}: ${error.message}`, { cause: error });
        });
    }
  });

  test("with another delimiter", async () => {
    await rows(chunked("a;b,c\nd;\n", 3), ";").are([
      ["a", "b,c"],
      ["d", ""],
    ]);
    await rows(chunked('a\t"b\tc"\n', 3), "\t").are([["a", "b\tc"]]);
  });

  test("rows are objects by the names of the first row, also when resumed", async () => {
    const text = 'id,"full\nname"\n1,Ada\n2,Bob\n';
    for (const [, source] of sources(text)) {
      await expectResumable(
        (cursor) => csv(source, { cursor }),
        [
          { id: "1", "full\nname": "Ada" },
          { id: "2", "full\nname": "Bob" },
        ],
      );
    }
  });

  test("say how many rows are done and at which byte the next one begins", async () => {
    const pairs = await all(csv(chunked("id\nä\n\nb", 2), { cursor: null }));
    expect(pairs.map(([, cursor]) => cursor)).toEqual([
      { row: 1, byte: 6 },
      { row: 2, byte: 8 },
    ]);
  });

  test("a file of names only, and an empty one, have no rows", async () => {
    expect(await all(csv(chunked("a,b\n", 1), { cursor: null }))).toEqual([]);
    expect(await all(csv(chunked("", 1), { cursor: null }))).toEqual([]);
  });

  test("a name like __proto__ is a name", async () => {
    const [row] = await itemsOf(csv(chunked("__proto__,b\n1,2\n", 4), { cursor: null }));
    expect(Object.entries(row!)).toEqual([
      ["__proto__", "1"],
      ["b", "2"],
    ]);
  });

  test.for<[string, string]>([
    ['a,b\n"c,d\n', "the CSV row that begins at byte 4 is broken: a quote is never closed"],
    ['a,b\n"c"d,e\n', "byte 4 is broken: text follows the closing quote of a field"],
    ["a,b\n1,2,3\n", "row 1 of the CSV file has 3 fields, its first row 2"],
    ["a,b\n1,2\n3\n", "row 2 of the CSV file has 1 fields, its first row 2"],
    ["a,b,a\n1,2,3\n", 'the first row of the CSV file has the name "a" twice'],
  ])("a broken file is refused with the place: %j", async ([text, sentence]) => {
    await expect(all(csv(chunked(text, 3), { cursor: null }))).rejects.toThrow(sentence);
  });

  test("whatever is written as RFC 4180 is read back, cut and resumed anywhere", async () => {
    const random = generator(20_260_101);
    const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)]!;
    const letters = ["a", "ä", "😀", ",", '"', "\n", "\r\n", ";", " ", "", "€", "x y", '""'];
    for (let round = 0; round < 60; round++) {
      const width = 1 + Math.floor(random() * 4);
      const table = Array.from({ length: Math.floor(random() * 8) }, () =>
        Array.from({ length: width }, () => pick(letters) + pick(letters) + pick(letters)),
      );
      const end = pick(["\n", "\r\n"]);
      const text = table.map((row) => row.map(quoted).join(",") + end).join("");
      await rows(chunked(text, 1 + Math.floor(random() * 9))).are(table);
    }
  });

  test("options are checked", () => {
    const cast = (value: unknown) => value as never;
    expect(() => csv(file, cast({ cursor: null, delimeter: ";" }))).toThrow('mean "delimiter"?');
    for (const delimiter of ["", ",,", '"', "\n", "ä"]) {
      expect(() => csv(file, { cursor: null, delimiter })).toThrow("one ASCII character");
    }
    expect(() => csv(file, { cursor: "x" })).toThrow('is like {"row": 1, "byte": 20}, not "x"');
  });
});

const quoted = (field: string) =>
  /[",\n\r]/.test(field) || field === "" ? `"${field.replaceAll('"', '""')}"` : field;

/** Repeatable chance, uniform in [0, 1). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
