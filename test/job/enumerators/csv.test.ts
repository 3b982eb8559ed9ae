// CSV rows: from real files and streams cut anywhere, resumed after every row.

import { type ByteSource, type Enumerator, enumerators } from "@queue-runtime/job";
import type { Json } from "@queue-runtime/store";
import { describe, expect, test } from "vitest";
import {
  all,
  chunked,
  expectResumable,
  file,
  itemsOf,
  makeFolder,
  sources,
} from "../support/files.ts";

makeFolder();

const { csv } = enumerators;

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
